"""What people type: one line, of bounded length, without characters that nobody sees."""

from __future__ import annotations

import unicodedata
from typing import Final

LONGEST_REASON: Final = 500
SHORTEST_REASON: Final = 3
_UNSEEN: Final = ("Cc", "Cf", "Cs", "Co", "Cn", "Zl", "Zp")
"""Unicode's control, format (they can turn the direction of writing), surrogate, private, line characters."""


def single_line(text: str, longest: int, shortest: int = 1) -> str | None:
    """Give a text without spaces around it; None: it is too short or too long, or is not one line of visible text."""
    line = text.strip(" ")
    if not shortest <= len(line) <= longest or any(unicodedata.category(each) in _UNSEEN for each in line):
        return None
    return line


def reason_of(text: str) -> str | None:
    """Give a reason as it is kept; None: it is none."""
    return single_line(text, LONGEST_REASON, SHORTEST_REASON)


def inside_address(text: str | None, otherwise: str) -> str:
    """Give where to go after something: an address of the operations area, never one of another place.

    What is not plainly below /operations is ``otherwise``: ``//host``, ``/\\host`` and whole addresses lead elsewhere.
    """
    address = text or ""
    plain = address.isascii() and address.isprintable() and not set(address) & set(' \\<>"^`{|}')
    below = address in ("/operations",) or address.startswith(("/operations/", "/operations?"))
    return address if plain and below and ".." not in address and len(address) <= 500 else otherwise
