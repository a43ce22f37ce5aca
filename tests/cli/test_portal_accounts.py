"""``tilik portal``: accounts of the operations area."""

from __future__ import annotations

from contextlib import closing
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from services.cli.portal import command
from services.portal.operations.accounts import Accounts
from services.runtime.clickhouse import connect
from services.runtime.errors import ConfigurationError, RetryableError
from services.runtime.settings import ClickHouseSettings

pytestmark = pytest.mark.integration


@pytest.fixture(autouse=True)
def clickhouse(clickhouse_port: int, monkeypatch: pytest.MonkeyPatch) -> ClickHouseSettings:
    """The portal's ClickHouse, by the environment."""
    settings = ClickHouseSettings(port=clickhouse_port, database="portal_accounts")
    with closing(connect(settings, "default")) as client:
        client.command(f"CREATE DATABASE IF NOT EXISTS {settings.database}")
    monkeypatch.setenv("TILIK_PORTAL_CLICKHOUSE__PORT", str(clickhouse_port))
    monkeypatch.setenv("TILIK_PORTAL_CLICKHOUSE__DATABASE", settings.database)
    return settings


def run(folder: Path, *arguments: str) -> Result:
    return CliRunner().invoke(command, [*arguments, "--secrets-dir", str(folder)])


def test_a_password_is_printed_once_and_only_its_hash_is_kept(tmp_path: Path) -> None:
    answer = run(tmp_path, "password")
    password = answer.stdout.strip()
    account = Accounts(tmp_path).check("admin", password)
    assert account is not None
    assert (account.role, account.areas) == ("admin", ("*",))
    assert password not in (tmp_path / "accounts.json").read_text()


def test_an_account_keeps_its_role_and_areas_with_a_new_password(tmp_path: Path) -> None:
    first = run(tmp_path, "password", "--name", "siti", "--role", "reviewer", "--area", "Tembalang").stdout.strip()
    second = run(tmp_path, "password", "--name", "siti").stdout.strip()
    accounts = Accounts(tmp_path)
    assert accounts.check("siti", first) is None
    account = accounts.check("siti", second)
    assert account is not None
    assert (account.role, account.areas) == ("reviewer", ("Tembalang",))
    assert run(tmp_path, "accounts").stdout == "siti\treviewer\tTembalang\n"


def test_a_new_account_may_see_nothing_unless_it_is_said(tmp_path: Path) -> None:
    run(tmp_path, "password", "--name", "budi")
    account = Accounts(tmp_path).find("budi")
    assert account is not None
    assert (account.role, account.areas) == ("viewer", ())


def test_who_is_removed_is_gone(tmp_path: Path) -> None:
    run(tmp_path, "password", "--name", "siti")
    assert run(tmp_path, "remove", "siti").exit_code == 0
    assert Accounts(tmp_path).find("siti") is None
    assert isinstance(run(tmp_path, "remove", "siti").exception, ConfigurationError)


def test_more_areas_than_a_session_holds_are_refused(tmp_path: Path) -> None:
    areas = [part for number in range(200) for part in ("--area", f"Kecamatan {number}/Kelurahan")]
    assert isinstance(run(tmp_path, "password", "--name", "siti", *areas).exception, ConfigurationError)


def test_who_changed_an_account_is_kept(clickhouse: ClickHouseSettings, tmp_path: Path) -> None:
    password = run(tmp_path, "password", "--name", "wati", "--by", "Sri", "--area", "Tembalang").stdout.strip()
    assert run(tmp_path, "remove", "wati", "--by", "Budi").exit_code == 0
    with closing(connect(clickhouse, clickhouse.database)) as client:
        query = "SELECT who, action, subject, detail, client FROM portal_audit WHERE subject = 'wati' ORDER BY at"
        rows = client.query(query).result_rows
    assert rows == [
        ("Sri", "account_set", "wati", "viewer of Tembalang", "tilik portal"),
        ("Budi", "account_removed", "wati", "", "tilik portal"),
    ]
    assert password not in str(rows)


def test_while_the_audit_log_is_away_nobody_gets_a_password_and_who_is_removed_is_gone(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    run(tmp_path, "password", "--name", "siti")
    before = (tmp_path / "accounts.json").read_bytes()
    monkeypatch.setenv("TILIK_PORTAL_CLICKHOUSE__PORT", "1")
    answer = run(tmp_path, "password", "--name", "siti", "--role", "admin")
    assert isinstance(answer.exception, RetryableError)
    assert (tmp_path / "accounts.json").read_bytes() == before
    assert isinstance(run(tmp_path, "remove", "siti").exception, RetryableError)
    assert Accounts(tmp_path).find("siti") is None
