"""Languages of the pages: Bahasa Indonesia by default, English by choice (``?lang=en``, kept in a cookie)."""

from __future__ import annotations

from typing import Final, Literal, NamedTuple

Language = Literal["id", "en"]
LANGUAGES: Final[tuple[Language, ...]] = ("id", "en")
DEFAULT: Final[Language] = "id"
COOKIE: Final = "tilik-lang"
COOKIE_SECONDS: Final = 365 * 86_400


class Text(NamedTuple):
    """What people read, in English and in Bahasa Indonesia. ``{name}`` in it is filled by whoever shows it."""

    en: str
    id: str

    def in_language(self, language: Language) -> str:
        """Give it in one of the languages."""
        return self.en if language == "en" else self.id


class Words:
    """The texts of one page in one language: an attribute of ``catalogue`` read here is a plain ``str``."""

    def __init__(self, catalogue: type, language: Language) -> None:
        self._catalogue = catalogue
        self._language = language

    def __getattr__(self, name: str) -> str:
        """Give a text.

        Raises:
            AttributeError: The catalogue has no such text.
        """
        text: Text = getattr(self._catalogue, name)
        return text.in_language(self._language)

    def __getitem__(self, name: str) -> str:
        """Give a text whose name was put together, such as ``state_live``.

        Raises:
            KeyError: The catalogue has no such text.
        """
        text = getattr(self._catalogue, name, None)
        if not isinstance(text, Text):
            raise KeyError(name)
        return text.in_language(self._language)


def chosen_language(asked: str | None, kept: str | None) -> Language:
    """Give the language that the address asks for, else the one of the cookie, else Bahasa Indonesia."""
    for choice in (asked, kept):
        if choice == "en":
            return "en"
        if choice == "id":
            return "id"
    return DEFAULT
