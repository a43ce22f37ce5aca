"""ClickHouse's errors as its HTTP interface shows them: code, text, status."""

from __future__ import annotations

import re

_CODE = re.compile(r"Code: (\d+)\. ")

_BAD_REQUEST = {6, 26, 27, 38, 41, 53, 62, 69, 72, 117, 130, 131, 143, 144, 168, 223, 321, 372, 373, 374, 441, 456, 457}
_NOT_FOUND = {16, 46, 47, 50, 56, 60, 63, 73, 78, 81, 115, 366, 382}
_STATUS_OF_CODE = {
    **dict.fromkeys(_BAD_REQUEST, 400),
    **dict.fromkeys(_NOT_FOUND, 404),
    48: 501,
    159: 408,
    164: 403,
    194: 401,
    209: 503,
    439: 503,
    497: 403,
    516: 403,
}
"""Source: ClickHouse, src/Server/HTTP/exceptionCodeToHTTPStatus.cpp, for the codes that the engine gives here."""

READONLY = 164
SESSION_NOT_FOUND = 372
SESSION_IS_LOCKED = 373
INVALID_SESSION_TIMEOUT = 374


class ClickHouseError(Exception):
    """An error with ClickHouse's code; its text begins with ``Code:`` as ClickHouse's own do."""

    def __init__(self, code: int, text: str) -> None:
        super().__init__(text)
        self.code = code

    @property
    def status(self) -> int:
        """Give the HTTP status that ClickHouse answers with."""
        return _STATUS_OF_CODE.get(self.code, 500)


def clickhouse_error(code: int, name: str, text: str) -> ClickHouseError:
    """Make an error of this face in ClickHouse's form."""
    return ClickHouseError(code, f"Code: {code}. DB::Exception: {text} ({name})")


def engine_error(error: Exception) -> ClickHouseError:
    """Translate an exception of the engine; what chdb puts before ClickHouse's own text is cut off."""
    text = str(error)
    found = _CODE.search(text)
    if found is None:
        return clickhouse_error(1002, "UNKNOWN_EXCEPTION", text)
    return ClickHouseError(int(found[1]), text[found.start() :].strip())
