from __future__ import annotations

from pathlib import Path

import pytest
from pydantic import SecretStr

from services.runtime.errors import ConfigurationError
from services.webhooks.secrets import key_named
from services.webhooks.subscriptions import Subscription, read_subscriptions
from tests.webhooks.make_episodes import make_counter, make_flood, make_parking
from tests.webhooks.test_signing import SECRET


def subscription(**filters: object) -> Subscription:
    return Subscription(name="a", url="https://a.example/x", secret="a", **filters)  # type: ignore[arg-type]


def read(folder: Path, text: str) -> tuple[Subscription, ...]:
    (folder / "webhooks.yaml").write_text(text, encoding="utf-8")
    return read_subscriptions(folder / "webhooks.yaml")


def test_without_filters_every_change_is_wanted_but_simulated_ones() -> None:
    everything = subscription()
    assert everything.wants(make_flood(), "Genuk")
    assert everything.wants(make_parking(phase="ended"), "")
    assert not everything.wants(make_flood(simulated=True), "Genuk")
    assert subscription(simulated=True).wants(make_flood(simulated=True), "Genuk")


def test_each_filter_lets_its_own_pass() -> None:
    assert [subscription(types=("parking_case",)).wants(each, "") for each in (make_parking(), make_flood())] == [
        True,
        False,
    ]
    ended = subscription(phases=("ended",))
    assert [ended.wants(make_parking(phase=phase), "") for phase in ("open", "ended")] == [False, True]
    kinds = subscription(kinds=("after_hours",))
    assert [kinds.wants(make_counter(kind=kind), "") for kind in ("unattended", "after_hours")] == [False, True]
    assert not kinds.wants(make_flood(), "")
    genuk = subscription(kecamatan=("Genuk",))
    assert [genuk.wants(make_flood(), name) for name in ("Genuk", "Gayamsari", "")] == [True, False, False]


def test_a_file_is_read(tmp_path: Path) -> None:
    text = "subscriptions: [{name: dishub, url: 'https://d.example/t', secret: dishub, phases: [ended]}]"
    assert read(tmp_path, text) == (
        Subscription(name="dishub", url="https://d.example/t", secret="dishub", phases=("ended",)),
    )


@pytest.mark.parametrize(
    ("entry", "complaint"),
    [
        ("name: a, url: 'http://a.example', secret: a", "allow_http"),
        ("name: a, url: 'https://me:pw@a.example', secret: a", "credentials"),
        ("name: a, url: 'ftp://a.example', secret: a", "none of http or https"),
        ("name: a, url: 'https://', secret: a", "none of http or https"),
        ("name: a, url: 'https://a.example'", "secret"),
        ("name: a, url: 'https://\u2603.example', secret: a", "can be looked up"),
        (f"name: a, url: 'https://{'a' * 64}.example', secret: a", "can be looked up"),
        ("name: a, url: 'https://a..example', secret: a", "can be looked up"),
        ("name: a, url: 'https://a.example', secret: a, kind: [flood]", "kind"),
        ("name: a, url: 'https://a.example', secret: a}, {name: a, url: 'https://b.example', secret: a", "one name"),
    ],
)
def test_a_wrong_entry_is_refused(tmp_path: Path, entry: str, complaint: str) -> None:
    with pytest.raises(ConfigurationError, match=complaint) as caught:
        read(tmp_path, f"subscriptions: [{{{entry}}}]")
    assert "pw" not in str(caught.value)


@pytest.mark.parametrize(
    ("url", "ascii_url"),
    [
        ("https://bücher.example:8443/t/é?x=1", "https://xn--bcher-kva.example:8443/t/é?x=1"),
        ("https://[2001:db8::1]:8443/t", "https://[2001:db8::1]:8443/t"),
        ("https://in_house.example/t", "https://in_house.example/t"),
    ],
)
def test_a_host_s_name_is_ascii_as_it_is_looked_up_and_certified(tmp_path: Path, url: str, ascii_url: str) -> None:
    [found] = read(tmp_path, f"subscriptions: [{{name: a, url: '{url}', secret: a}}]")
    assert found.url == ascii_url


def test_a_secret_is_a_file_before_it_is_a_setting(tmp_path: Path) -> None:
    settings = {"dis_hub": SecretStr(SECRET)}
    assert key_named("dis-hub", tmp_path, settings) == key_named("dis-hub", None, settings)
    (tmp_path / "dis-hub").write_text("whsec_" + "A" * 32 + "\n", encoding="utf-8")
    assert key_named("dis-hub", tmp_path, settings) == bytes(24)
    with pytest.raises(ConfigurationError, match="there is no secret 'other'"):
        key_named("other", tmp_path, settings)
