from __future__ import annotations

from pathlib import Path

from services.cli.reference import REFERENCE, drift, reference


def test_committed_reference_is_what_the_declarations_say() -> None:
    assert drift() == []


def test_changed_default_is_drift(tmp_path: Path) -> None:
    stale = tmp_path / "reference.md"
    stale.write_text(REFERENCE.read_text(encoding="utf-8").replace("`tilik-detect`", "`other`"), encoding="utf-8")

    assert [line for line in drift(stale) if line.startswith("-|")]


def test_nested_settings_and_secrets_are_listed_without_values() -> None:
    text = reference()

    assert "`TILIK_AGGREGATE_CLICKHOUSE__PORT` | `8123`" in text
    assert "`TILIK_INGEST_KAFKA__SASL_PASSWORD` | none" in text
    assert str(Path.home()) not in text
