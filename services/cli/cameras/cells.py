"""Texts that outsiders wrote, for a terminal: cameras' own words, names from files, what a server says of itself."""

from __future__ import annotations

from rich.text import Text


def cell(text: str, style: str = "") -> Text:
    """Give ``text`` as it stands: brackets in it are no markup, and no control character steers the terminal.

    Args:
        text: Anything.
        style: Rich's, for all of it.
    """
    return Text("".join(letter if letter.isprintable() else " " for letter in text), style)
