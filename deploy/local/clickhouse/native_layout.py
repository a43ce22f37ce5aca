"""How long a column is in ClickHouse's Native format, by its type: enough to find where the next column begins.

Source: ClickHouse, src/DataTypes/Serializations (``serializeBinaryBulkStatePrefix``, ``…WithMultipleStreams``).
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import cache

from deploy.local.clickhouse.errors import clickhouse_error

_FIXED_BYTES = {
    **dict.fromkeys(("Int8", "UInt8", "Bool", "Enum8", "Nothing"), 1),
    **dict.fromkeys(("Int16", "UInt16", "Enum16", "Date", "BFloat16"), 2),
    **dict.fromkeys(("Int32", "UInt32", "Float32", "Date32", "DateTime", "IPv4", "Decimal32", "Time"), 4),
    **dict.fromkeys(("Int64", "UInt64", "Float64", "DateTime64", "Decimal64", "Time64"), 8),
    **dict.fromkeys(("Int128", "UInt128", "UUID", "IPv6", "Decimal128"), 16),
    **dict.fromkeys(("Int256", "UInt256", "Decimal256"), 32),
}
_OTHER_NAMES = {
    "Point": "Tuple(Float64, Float64)",
    "Ring": "Array(Point)",
    "LineString": "Array(Point)",
    "Polygon": "Array(Ring)",
    "MultiLineString": "Array(LineString)",
    "MultiPolygon": "Array(Polygon)",
}
_DECIMAL_BYTES = ((9, 4), (18, 8), (38, 16), (76, 32))
_ELEMENT_NAME = re.compile(r"^(?:`(?:[^`\\]|\\.)*`|[A-Za-z_]\w*) (?=[A-Z])")
_OFFSET_BYTES = 8


@dataclass(frozen=True, slots=True)
class Layout:
    """A type's name without arguments, the layouts of its arguments, and bytes of a value (0: they vary)."""

    name: str
    parts: tuple[Layout, ...] = ()
    value_bytes: int = 0

    @property
    def prefix_bytes(self) -> int:
        """Give the bytes that come before all rows: the versions of the dictionaries inside."""
        if self.name == "LowCardinality":
            return 8
        return sum(part.prefix_bytes for part in self.parts)

    def end(self, data: bytes, position: int, rows: int) -> int:
        """Give where ``rows`` values that begin at ``position`` end."""
        if rows == 0:
            return position
        match self.name:
            case "String":
                return _strings_end(data, position, rows)
            case "LowCardinality":
                return self._dictionary_end(data, position)
            case "Array":
                last = position + (rows - 1) * _OFFSET_BYTES
                position, rows = last + _OFFSET_BYTES, _number(data, last, _OFFSET_BYTES)
            case "Nullable":
                position += rows  # a byte each says whether it is null
        position += rows * self.value_bytes
        for part in self.parts:
            position = part.end(data, position, rows)
        return position

    def _dictionary_end(self, data: bytes, position: int) -> int:
        """Flags, number of keys, keys (never with a null map), number of indexes, indexes."""
        index_bytes = 1 << (_number(data, position, 8) & 0xFF)
        keys = _number(data, position + 8, 8)
        inner = self.parts[0].parts[0] if self.parts[0].name == "Nullable" else self.parts[0]
        position = inner.end(data, position + 16, keys)
        return position + 8 + _number(data, position, 8) * index_bytes


@cache
def layout_of(kind: str) -> Layout:
    """Read a type as ClickHouse writes it.

    Raises:
        ClickHouseError: Its length can't be told here: JSON, Dynamic, Variant, states of aggregate functions.
    """
    kind = _OTHER_NAMES.get(kind, kind)
    name, _, rest = kind.partition("(")
    arguments = _split(rest[:-1]) if rest else []
    if name in ("Map", "Nested"):
        return Layout("Array", (layout_of(f"Tuple({rest}"),))
    if name == "SimpleAggregateFunction":
        return layout_of(arguments[-1])
    if name in ("Array", "Nullable", "LowCardinality", "Tuple") and arguments:
        return Layout(name, tuple(layout_of(_ELEMENT_NAME.sub("", argument)) for argument in arguments))
    return Layout(name, (), 0 if name == "String" else _value_bytes(name, arguments))


def _value_bytes(name: str, arguments: list[str]) -> int:
    if name in _FIXED_BYTES:
        return _FIXED_BYTES[name]
    if name == "FixedString":
        return int(arguments[0])
    if name == "Decimal":
        return next(size for digits, size in _DECIMAL_BYTES if int(arguments[0]) <= digits)
    if name.startswith("Interval"):
        return 8
    raise clickhouse_error(
        48, "NOT_IMPLEMENTED", f"columns of type {name} are not there for this client: cast to String"
    )


def _split(arguments: str) -> list[str]:
    """Split at the commas that are in no bracket and no quotes."""
    parts, depth, start = [], 0, 0
    for found in re.finditer(r"'(?:[^'\\]|\\.)*'|`(?:[^`\\]|\\.)*`|[(),]", arguments):
        if found[0] == "(":
            depth += 1
        elif found[0] == ")":
            depth -= 1
        elif found[0] == "," and depth == 0:
            parts.append(arguments[start : found.start()].strip())
            start = found.end()
    return [*parts, arguments[start:].strip()]


def _number(data: bytes, position: int, size: int) -> int:
    return int.from_bytes(data[position : position + size], "little")


def read_varint(data: bytes, position: int) -> tuple[int, int]:
    """Give a variable-length number and where it ends."""
    value = shift = 0
    while True:
        byte = data[position]
        position += 1
        value |= (byte & 0x7F) << shift
        shift += 7
        if byte < 0x80:
            return value, position


def _strings_end(data: bytes, position: int, rows: int) -> int:
    for _ in range(rows):
        size = data[position]
        if size < 0x80:
            position += size + 1
        else:
            size, position = read_varint(data, position)
            position += size
    return position
