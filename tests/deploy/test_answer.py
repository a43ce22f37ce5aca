"""What a result holds is given back, whatever of it was read."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from deploy.local.clickhouse.answer import Rest


def test_a_rest_that_was_never_begun_gives_back_what_it_holds_once() -> None:
    said: list[str] = []
    rest = Rest(iter([b"a"]), lambda: said.append("query"), lambda: said.append("lease"))

    rest.close()
    rest.close()

    assert said == ["query", "lease"]


def test_the_end_of_the_chunks_and_an_error_in_them_give_back_as_well() -> None:
    def failing() -> Iterator[bytes]:
        yield b"a"
        raise ValueError("in mid-stream")

    said: list[str] = []
    assert b"".join(Rest(iter([b"a", b"b"]), lambda: said.append("whole"))) == b"ab"
    with pytest.raises(ValueError, match="in mid-stream"):
        b"".join(Rest(failing(), lambda: said.append("broken")))

    assert said == ["whole", "broken"]


def test_the_lease_is_given_back_even_where_the_query_does_not_end_well() -> None:
    def refuse() -> None:
        raise ValueError("no end")

    said: list[str] = []
    with pytest.raises(ValueError, match="no end"):
        Rest(iter([b"a"]), refuse, lambda: said.append("lease")).close()

    assert said == ["lease"]
