"""The answer on its way out: headers, compression, and ClickHouse's mark of an error in mid-stream."""

from __future__ import annotations

import json
import secrets
from collections.abc import Iterator

from deploy.local.clickhouse.answer import Answer
from deploy.local.clickhouse.compression import Encoder
from deploy.local.clickhouse.errors import ClickHouseError

Headers = dict[str, str]

_CONTENT_TYPES = {
    "tabseparated": "text/tab-separated-values; charset=UTF-8",
    "tsv": "text/tab-separated-values; charset=UTF-8",
    "csv": "text/csv; charset=UTF-8; header=absent",
    "csvwithnames": "text/csv; charset=UTF-8; header=present",
    "json": "application/json; charset=UTF-8",
    "jsoncompact": "application/json; charset=UTF-8",
    "jsoneachrow": "application/x-ndjson; charset=UTF-8",
    "native": "application/octet-stream",
    "rowbinary": "application/octet-stream",
    "parquet": "application/octet-stream",
    "arrow": "application/octet-stream",
}
_TEXT = "text/plain; charset=UTF-8"


def answer_headers(answer: Answer, encoding: str) -> Headers:
    """Give the headers that follow from what a statement gave."""
    headers = {"X-ClickHouse-Summary": json.dumps(answer.summary, separators=(",", ":"))}
    if answer.format_name is not None:
        headers["X-ClickHouse-Format"] = answer.format_name
        headers["Content-Type"] = _CONTENT_TYPES.get(answer.format_name.lower(), _TEXT)
    if encoding:
        headers["Content-Encoding"] = encoding
    return headers


class ResponseBody:
    """The result, compressed, chunk by chunk. Each step blocks on the engine.

    Where the engine fails in mid-stream, the message goes out in the block that ClickHouse marks with a tag, ``broken``
    becomes true, and the response must end without HTTP's end mark.
    """

    def __init__(self, answer: Answer, encoder: Encoder) -> None:
        self.tag = secrets.token_hex(8)
        self.broken = False
        self._encoder = encoder
        self._chunks = self._encoded(answer)
        self._rest = answer.rest

    def next(self) -> bytes | None:
        """Give the next chunk; None: that was all."""
        return next(self._chunks, None)

    def close(self) -> None:
        """End the query if it still runs."""
        if self._rest is not None:
            self._rest.close()

    def _encoded(self, answer: Answer) -> Iterator[bytes]:
        yield self._encoder.encode(answer.first)
        try:
            for chunk in answer.rest or ():
                yield self._encoder.encode(chunk)
        except ClickHouseError as error:
            self.broken = True
            yield self._encoder.encode(self._exception_block(str(error)))
            return
        yield self._encoder.finish()

    def _exception_block(self, text: str) -> bytes:
        """Source: ClickHouse, HTTP interface, "HTTP response codes caveats"."""
        message = text.encode("utf-8", "replace")
        length = str(len(message)).encode()
        tag = self.tag.encode()
        return b"\r\n__exception__\r\n%s\r\n%s\n%s %s\r\n__exception__\r\n" % (tag, message, length, tag)
