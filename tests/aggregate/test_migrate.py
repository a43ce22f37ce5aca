from __future__ import annotations

import re
from importlib.resources import files

import pytest

from services.aggregate.migrate import Migration, known_migrations

REPEATABLE = re.compile(
    r"^(CREATE (TABLE|VIEW|MATERIALIZED VIEW|DICTIONARY) IF NOT EXISTS|CREATE OR REPLACE (VIEW|DICTIONARY)"
    r"|DROP (TABLE|VIEW) IF EXISTS"
    r"|ALTER TABLE \w+ (ADD|DROP|MODIFY|COMMENT) (COLUMN|INDEX|PROJECTION) IF (NOT )?EXISTS"
    r"|ALTER TABLE \w+ MODIFY (TTL|SETTING|COMMENT)) "
)


def without_comments(statement: str) -> str:
    return "\n".join(line for line in statement.splitlines() if not line.startswith("--")).strip()


def test_migrations_are_numbered_from_1_without_a_hole() -> None:
    assert [migration.number for migration in known_migrations()] == list(range(1, len(known_migrations()) + 1))


def test_every_file_of_the_folder_is_a_migration() -> None:
    names = {entry.name for entry in (files("services.aggregate") / "sql").iterdir()}
    assert names == {migration.name for migration in known_migrations()}


@pytest.mark.parametrize("migration", known_migrations(), ids=lambda migration: migration.name)
def test_every_statement_can_be_run_again_without_harm(migration: Migration) -> None:
    assert migration.statements
    for statement in migration.statements:
        assert REPEATABLE.match(without_comments(statement) + " "), statement[:100]


def test_a_statement_that_could_not_be_run_again_would_be_noticed() -> None:
    assert not REPEATABLE.match("CREATE TABLE a (b Int8) ENGINE = Memory ")
    assert not REPEATABLE.match("INSERT INTO a VALUES (1) ")
    assert REPEATABLE.match("ALTER TABLE a ADD COLUMN IF NOT EXISTS b Int8 ")


def test_statements_end_at_a_semicolon_at_the_end_of_a_line_only() -> None:
    text = "SELECT ';', 1\n;\n\n-- a comment; it goes on\nSELECT 2;\n"
    assert Migration(1, "0001_x.sql", text).statements == ["SELECT ';', 1", "-- a comment; it goes on\nSELECT 2"]


def test_the_checksum_follows_the_text() -> None:
    one, other = Migration(1, "0001_x.sql", "SELECT 1;"), Migration(1, "0001_x.sql", "SELECT 2;")
    assert one.checksum != other.checksum
    assert re.fullmatch("[0-9a-f]{64}", one.checksum)
