"""The table of choices between rulesets: which rows people see, where several lie beside each other."""

from __future__ import annotations

from typing import Annotated, ClassVar

from schemas.table import STRING, TIME, WORD, Column, Row


class RulesetChoiceRow(Row, frozen=True, kw_only=True):
    """A choice of the ruleset whose rows are current in a period. Where choices overlap, the latest one rules."""

    TABLE: ClassVar[str] = "ruleset_choices"
    KEY: ClassVar[tuple[str, ...]] = ("chosen_at", "ruleset", "from_at", "until_at")

    from_at: Annotated[int, Column(TIME, "Start of the period, the first minute of it")]
    until_at: Annotated[int, Column(TIME, "End of the period, the first minute after it; 1970: it has no end")]
    ruleset: Annotated[str, Column(WORD, "Version of the rules whose rows are current in the period")]
    chosen_at: Annotated[int, Column(TIME, "When it was chosen; of several choices for a time the latest one rules")]
    chosen_by: Annotated[str, Column(STRING, "Who chose it; aggregate: the service, when it started with new rules")]
    reason: Annotated[str, Column(STRING, "Why")]
    version: Annotated[int, Column("UInt64", "Milliseconds of chosen_at: a choice never changes", True)]
