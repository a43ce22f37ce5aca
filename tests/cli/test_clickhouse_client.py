"""What is said when something fails while a subcommand asks ClickHouse."""

from __future__ import annotations

from io import StringIO

import pytest

from services.cli import clickhouse
from services.cli.clickhouse import clickhouse_client
from services.runtime.clickhouse import ClickHouseFailedError
from services.runtime.errors import RetryableError
from services.runtime.settings import ClickHouseSettings

HERE = ClickHouseSettings(host="store.test", port=8123)


@pytest.mark.parametrize(
    ("failed", "told"),
    [
        (ClickHouseFailedError("ClickHouse, reading: no such table"), "^ClickHouse at store.test:8123 says: .*no such"),
        (ClickHouseFailedError("timed out"), "^ClickHouse at store.test:8123 can't be reached$"),
        (RetryableError("the record's store, reading: refused"), "^the record's store, reading: refused$"),
    ],
)
def test_who_failed_is_named(monkeypatch: pytest.MonkeyPatch, failed: RetryableError, told: str) -> None:
    monkeypatch.setattr(clickhouse, "connect", lambda *_: StringIO())
    with pytest.raises(RetryableError, match=told), clickhouse_client(HERE):
        raise failed
