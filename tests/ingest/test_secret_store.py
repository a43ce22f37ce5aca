from __future__ import annotations

from pathlib import Path

import pytest
from pydantic import SecretStr

from services.ingest.secret_store import SecretStore
from services.ingest.source_errors import SourceRefused


def test_a_file_comes_before_a_setting_and_is_read_at_each_use(tmp_path: Path) -> None:
    store = SecretStore(tmp_path, {"gate_1": SecretStr("from:settings")})
    secret = store.find("gate-1")
    assert secret is not None
    assert (secret.user, secret.password) == ("from", "settings")
    (tmp_path / "gate-1").write_text("admin:a:b\n")
    secret = store.find("gate-1")
    assert secret is not None
    assert (secret.user, secret.password) == ("admin", "a:b")


def test_a_bearer_token_is_known_by_its_first_word() -> None:
    secret = SecretStore(None, {"t": SecretStr("Bearer abc")}).find("t")
    assert secret is not None
    assert secret.token == "abc"


@pytest.mark.parametrize("name", ["missing", "../etc/passwd", "geheim"])
def test_a_secret_that_is_missing_or_malformed_is_refused_without_its_text(name: str, tmp_path: Path) -> None:
    (tmp_path / "geheim").write_text("hunter2")
    with pytest.raises(SourceRefused) as caught:
        SecretStore(tmp_path, {}).find(name)
    assert "hunter2" not in str(caught.value)


def test_a_secret_that_may_not_be_read_is_not_told_as_missing_nor_looked_for_elsewhere(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def forbidden(path: Path, encoding: str) -> str:
        raise PermissionError(13, "Permission denied", str(path))

    store = SecretStore(tmp_path, {"gate": SecretStr("from:settings")})
    monkeypatch.setattr(Path, "read_text", forbidden)  # a file's mode would not stop root
    with pytest.raises(SourceRefused, match=r"secret_unreadable.*Permission denied"):
        store.find("gate")


def test_a_secret_that_is_no_text_is_malformed_and_its_bytes_are_not_told(tmp_path: Path) -> None:
    (tmp_path / "gate").write_bytes(b"admin:hunter2\xff")
    with pytest.raises(SourceRefused, match="secret_malformed") as caught:
        SecretStore(tmp_path, {}).find("gate")
    assert caught.value.__cause__ is None
    assert caught.value.__suppress_context__


def test_no_secret_shows_itself() -> None:
    assert "geheim" not in repr(SecretStore(None, {"a": SecretStr("admin:geheim")}).find("a"))
