from __future__ import annotations

import random
import re
from datetime import date
from pathlib import Path

import pytest

from services.aggregate.migrate import known_migrations
from services.cli.bench.measuring.store_questions import QUESTIONS, Question
from services.cli.bench.store import Answered, query_figures

DOCUMENTED = Path(__file__).parents[3] / "docs" / "questions.md"
PERIOD = (date(2026, 10, 2), date(2026, 10, 30))


def blocks() -> list[str]:
    return re.findall(r"^```sql\n(.*?)\n```$", DOCUMENTED.read_text(encoding="utf-8"), re.MULTILINE | re.DOTALL)


def test_each_documented_question_is_asked_word_for_word_and_no_other() -> None:
    assert blocks() == [question.sql for question in QUESTIONS]


@pytest.mark.parametrize("question", QUESTIONS, ids=lambda question: question.name)
def test_a_question_stands_above_its_statement(question: Question) -> None:
    text = DOCUMENTED.read_text(encoding="utf-8").partition(question.sql)[0]
    assert text.rpartition("\n## ")[2].startswith(question.asks)


@pytest.mark.parametrize("question", QUESTIONS, ids=lambda question: question.name)
def test_what_varies_is_drawn_within_the_period_and_is_what_the_statement_takes(question: Question) -> None:
    chance = random.Random(3)
    drawn = [question.draw(chance, PERIOD) for _ in range(200)]
    taken = set(re.findall(r"\{(\w+):", question.sql))
    assert all(set(parameters) == taken for parameters in drawn)
    days = [day for parameters in drawn for name, day in parameters.items() if name != "week"]
    assert all(PERIOD[0] <= day <= PERIOD[1] for day in days)
    assert all(parameters["from_day"] <= parameters["to_day"] for parameters in drawn if "from_day" in taken)
    weeks = {parameters["week"] for parameters in drawn if "week" in taken}
    assert all(week.weekday() == 0 for week in weeks)
    assert len(weeks) in (0, 5)


def test_questions_read_views_and_never_tables() -> None:
    views = {
        name
        for migration in known_migrations()
        for name in re.findall(r"CREATE OR REPLACE VIEW (\w+)", "\n".join(migration.statements))
    }
    assert {name for question in QUESTIONS for name in re.findall(r"FROM (\w+)", question.sql)} <= views


def test_the_slowest_question_decides() -> None:
    answers = {"one": Answered(0.2, 0.1), "other": Answered(1.2, 0.3)}
    figures = {figure.name: figure for figure in query_figures(answers)}
    assert (figures["query_p95_s_max"].value, figures["query_p95_s_max"].met) == (1.2, False)
    assert figures["query_cpu_s_max"].value == 0.3
    assert figures["query_p95_s_one"].value == 0.2
