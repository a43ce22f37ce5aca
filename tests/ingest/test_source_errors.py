from __future__ import annotations

from services.ingest.source_errors import SourceFailed


def test_nothing_that_steers_a_terminal_gets_into_an_error_and_hides_no_password_from_redaction() -> None:
    error = SourceFailed("connect", "it says \x1b[2J\u202ehello\nhttp://admin:ge\x1fheim@10.0.0.1/")
    assert error.detail == "it says [2Jhello http://***@10.0.0.1/"
    assert str(error) == f"connect: {error.detail}"
