"""How many rows a file holds, read from the file itself: what was written is said, not what was asked for."""

from __future__ import annotations

from pathlib import Path

_MAGIC = b"PAR1"
_TAIL_BYTES = 8
_NO_MARKS = bytes(set(range(256)) - set(b'"\n'))
_STOP, _TRUE, _FALSE, _BYTE, _I16, _I32, _I64, _DOUBLE, _BINARY, _LIST, _SET, _MAP, _STRUCT = range(13)
_NUM_ROWS_FIELD = 3
_VARINTS = {_I16, _I32, _I64}


class CsvRows:
    """Counts the rows of CSV as its bytes pass, in any pieces: line feeds outside of quotes, less the header's."""

    def __init__(self) -> None:
        self._line_feeds = 0
        self._quoted = False

    def feed(self, data: bytes) -> None:
        """Take the next bytes."""
        marks = data.translate(None, _NO_MARKS).replace(b'""', b"")  # nothing lies between two quotes side by side
        for number, part in enumerate(marks.split(b'"')):
            self._quoted ^= number > 0  # a quote inside quotes is written twice, which changes nothing
            if not self._quoted:
                self._line_feeds += part.count(b"\n")

    @property
    def rows(self) -> int:
        """Give the rows so far."""
        return max(0, self._line_feeds - 1)


def parquet_rows(path: Path) -> int:
    """Give the rows of a Parquet file, from its footer.

    Source: the Parquet format's ``FileMetaData``, field 3, in Thrift's compact protocol.

    Raises:
        ValueError: The file has no whole footer: it was cut off, or is no Parquet.
    """
    size = path.stat().st_size
    with path.open("rb") as file:
        file.seek(max(0, size - _TAIL_BYTES))
        tail = file.read()
        length = int.from_bytes(tail[:4], "little")
        if len(tail) < _TAIL_BYTES or tail[4:] != _MAGIC or length > size - _TAIL_BYTES:
            raise ValueError(f"{path} ends before its footer")
        file.seek(size - _TAIL_BYTES - length)
        return _Thrift(file.read(length)).number_of_field(_NUM_ROWS_FIELD)


class _Thrift:
    """As much of the compact protocol as it takes to find a number among the fields of a struct."""

    def __init__(self, data: bytes) -> None:
        self._data = data
        self._at = 0

    def number_of_field(self, wanted: int) -> int:
        """Give an integer field of the struct that begins here.

        Raises:
            ValueError: There is none, or the bytes are of no struct.
        """
        field = 0
        while (head := self._bytes(1)[0]) != _STOP:
            field = field + (head >> 4) if head >> 4 else self._signed()
            if field == wanted:
                return self._signed()
            self._skip(head & 15)
        raise ValueError(f"the footer has no field {wanted}")

    def _bytes(self, count: int) -> bytes:
        found = self._data[self._at : self._at + count]
        if len(found) < count:
            raise ValueError("the footer is cut off")
        self._at += count
        return found

    def _varint(self) -> int:
        value = shift = 0
        while (byte := self._bytes(1)[0]) & 128:
            value |= (byte & 127) << shift
            shift += 7
        return value | byte << shift

    def _signed(self) -> int:
        value = self._varint()
        return value >> 1 ^ -(value & 1)

    def _skip(self, kind: int) -> None:
        if kind in _VARINTS:
            self._varint()
        elif kind in (_BYTE, _DOUBLE):
            self._bytes(1 if kind == _BYTE else 8)
        elif kind == _BINARY:
            self._bytes(self._varint())
        elif kind in (_LIST, _SET):
            self._skip_list()
        elif kind == _STRUCT:
            while (head := self._bytes(1)[0]) != _STOP:
                if not head >> 4:
                    self._signed()
                self._skip(head & 15)
        elif kind not in (_TRUE, _FALSE):
            raise ValueError(f"the footer has a value of unknown kind {kind}")

    def _skip_list(self) -> None:
        head = self._bytes(1)[0]
        size, kind = head >> 4, head & 15
        for _ in range(self._varint() if size == 15 else size):
            if kind in (_TRUE, _FALSE):
                self._bytes(1)  # in a list a truth value takes a byte
            else:
                self._skip(kind)
