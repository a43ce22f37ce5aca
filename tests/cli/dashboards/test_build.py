"""``tilik dashboards build``: what it lets links lead to."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from click.testing import CliRunner

from services.cli.dashboards.build import command
from services.cli.dashboards.push import command as push


@pytest.mark.parametrize(
    "address",
    [
        "javascript:alert(document.cookie)//",
        "JavaScript:alert(1)",
        "java\nscript:alert(1)",
        "data:text/html,x",
        "//portal.example",
        "portal.example:8080",
        "https://",
        "https://portal.example:port",
        "https://dinas:secret@portal.example",
        "https://portal.example/?next=",
        "https://portal.example/#",
        "https://portal.example/ x",
        "https://[::1",
        "",
    ],
)
def test_an_address_that_is_none_of_the_web_is_refused_and_nothing_is_written(tmp_path: Path, address: str) -> None:
    done = CliRunner().invoke(command, ["flooding", "--out", str(tmp_path), "--portal-url", address])

    assert done.exit_code == 2
    assert "--portal-url" in done.output
    assert "is no address" in done.output
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("address", ["https://portal.example/tilik/", "http://[::1]:8080", "http://10.0.0.7:8080"])
def test_links_lead_to_the_address_that_is_said(tmp_path: Path, address: str) -> None:
    done = CliRunner().invoke(command, ["flooding", "--out", str(tmp_path), "--portal-url", address])

    assert done.exit_code == 0, done.output
    document = json.loads((tmp_path / "id" / "tilik-flooding-id.json").read_text(encoding="utf-8"))
    constants = {one["name"]: one["query"] for one in document["templating"]["list"] if one["type"] == "constant"}
    assert constants["portal_url"] == address.rstrip("/")


@pytest.mark.parametrize("option", ["--portal-url", "--runbooks-url"])
def test_push_lets_no_link_run_as_a_script_either(option: str) -> None:
    done = CliRunner().invoke(push, ["--url", "http://127.0.0.1:1", option, "javascript:alert(1)//"])

    assert done.exit_code == 2
    assert "is no address" in done.output
