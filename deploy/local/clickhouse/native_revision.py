"""Native as a server writes it for clients that name their protocol's revision, such as Grafana's driver.

chdb always writes what a server writes for revision 0. From revision 54454 on, a block begins with its info, and each
column says after its type whether it is serialised in a special way; ours never is. Lower revisions than that get what
chdb writes: clickhouse-connect asks for 54405, sees that it did not get it, and goes on without.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from deploy.local.clickhouse.native_layout import layout_of, read_varint

FIRST_REVISION = 54_454
"""Source: ClickHouse, src/Core/ProtocolDefines.h, DBMS_MIN_REVISION_WITH_CUSTOM_SERIALIZATION."""

_BLOCK_INFO = b"\x01\x00\x02\xff\xff\xff\xff\x00"
"""Field 1, is_overflows: no. Field 2, bucket_num: -1. End."""
_ORDINARY = b"\x00"


def with_revision(blocks: Iterable[bytes]) -> Iterator[bytes]:
    """Rewrite whole blocks, each item one or several of them.

    Raises:
        ClickHouseError: A column's type has a length that can't be told.
    """
    for data in blocks:
        yield b"".join(_rewritten(data))


def _rewritten(data: bytes) -> Iterator[bytes]:
    position = 0
    while position < len(data):
        start = position
        columns, position = read_varint(data, position)
        rows, position = read_varint(data, position)
        yield _BLOCK_INFO
        yield data[start:position]
        for _ in range(columns):
            start = position
            _, position = _text(data, position)
            kind, position = _text(data, position)
            yield data[start:position] + _ORDINARY
            start = position
            if rows:
                layout = layout_of(kind)
                position = layout.end(data, position + layout.prefix_bytes, rows)
            yield data[start:position]


def _text(data: bytes, position: int) -> tuple[str, int]:
    size, position = read_varint(data, position)
    return data[position : position + size].decode(), position + size
