"""What admins find in the audit log: every kind of entry, also those that are written at the command line."""

from __future__ import annotations

from pathlib import Path

import pytest

from services.portal.operations.audit import ACTIONS
from services.runtime.settings import ClickHouseSettings
from tests.portal.operations.office import office
from tests.portal.operations.test_operations import get

pytestmark = pytest.mark.integration


def test_holds_of_evidence_are_found_by_their_own_words(clickhouse_port: int, tmp_path: Path) -> None:
    with office(tmp_path, clickhouse=ClickHouseSettings(port=clickhouse_port, database="default")) as place:
        for action in ("hold_placed", "hold_ended"):
            place.operations.audit.note(action, "tilik evidence", who="Sri", subject="ab" * 16, why=f"why {action}")
        placed = get(place, "admin", "audit?action=hold_placed").text
        assert "why hold_placed" in placed
        assert "why hold_ended" not in placed
        assert all(f'<option value="{action}">' in placed for action in ACTIONS)
