"""What a check gives: what was found wrong, in the order of the files, and what was seen to be right."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import NamedTuple


class Finding(NamedTuple):
    """Something that is not as it was written: which file, and what is wrong with it."""

    path: str
    text: str


def on_one_line(text: str) -> str:
    """Give text that somebody else wrote as a terminal may show it: what is no letter or space as its escape.

    Else a reason with a line feed could look like a finding, and one with ESC could hide what is.
    """
    return "".join(letter if letter.isprintable() else ascii(letter)[1:-1] for letter in text)


@dataclass(slots=True)
class Findings:
    """The outcome of a check."""

    wrong: list[Finding] = field(default_factory=list)
    right: list[str] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)

    def add(self, path: str, text: str) -> None:
        """Note something wrong, the first thing of each file."""
        if all(finding.path != path for finding in self.wrong):
            self.wrong.append(Finding(path, text))

    @property
    def is_whole(self) -> bool:
        """Tell whether nothing was found wrong."""
        return not self.wrong
