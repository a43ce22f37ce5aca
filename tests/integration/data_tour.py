"""The queries of ``docs/data-tour.md`` and their answers: to compare them with a city's, or to write them anew.

``python -m tests.integration.data_tour PORT`` writes the answers of the city in the database ``tilik_seed`` there.
"""

from __future__ import annotations

import re
import sys
from collections.abc import Callable, Iterator
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path

from services.runtime.clickhouse import connect
from services.runtime.settings import ClickHouseSettings

TOUR = Path(__file__).parents[2] / "docs" / "data-tour.md"
_QUERY = re.compile(r"```sql\n(?P<sql>.*?)```\n(?:\n(?P<answer>(?:\|[^\n]*\n)+))?", re.DOTALL)


@dataclass(frozen=True)
class Asked:
    """A query of the tour, under which heading it stands, and the answer that the tour gives: lines of a table."""

    heading: str
    sql: str
    answer: str


def queries(text: str) -> Iterator[Asked]:
    """Give the tour's queries in its order."""
    for found in _QUERY.finditer(text):
        heading = re.findall(r"^#+ (.*)$", text[: found.start()], re.MULTILINE)[-1]
        yield Asked(heading, found["sql"], found["answer"] or "")


def with_answers(text: str, ask: Callable[[str], str]) -> str:
    """Give the tour with the answers that ``ask`` gives."""
    return _QUERY.sub(lambda found: f"```sql\n{found['sql']}```\n\n{ask(found['sql'])}", text)


def blocks(text: str, language: str) -> list[str]:
    """Give the tour's blocks of a language."""
    return re.findall(rf"^```{language}\n(.*?)^```$", text, re.DOTALL | re.MULTILINE)


if __name__ == "__main__":
    with closing(connect(ClickHouseSettings(port=int(sys.argv[1]), database="tilik_seed"), "tilik_seed")) as client:
        answered = with_answers(
            TOUR.read_text(encoding="utf-8"), lambda sql: client.raw_query(sql, fmt="Markdown").decode()
        )
    TOUR.write_text(answered, encoding="utf-8")
