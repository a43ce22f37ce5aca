"""One client's connection: what of a request is not its body is bounded before anything is made of it."""

from __future__ import annotations

from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol

HEAD_BYTES = 1 << 15
"""What a request may have beside its body: request line, headers, and how the body is cut into chunks."""


class _TooLongError(Exception):
    """The headers are longer than may be: the parser hands this on as an invalid request."""


class BoundedConnection(HttpToolsProtocol):
    """HTTP/1.1, where a head that is too long, complete or not, is answered with 400 and ends the connection.

    httptools itself keeps as much of a head as a client sends.
    """

    _beside_body = 0
    _headers = 0

    def data_received(self, data: bytes) -> None:
        """Parse what has come."""
        self._beside_body += len(data)
        super().data_received(data)
        if self._beside_body > HEAD_BYTES and not self.transport.is_closing():
            self.send_400_response("The head of this request is too long.")

    def on_message_begin(self) -> None:
        """Count anew."""
        self._headers = 0
        super().on_message_begin()

    def on_header(self, name: bytes, value: bytes) -> None:
        """Take a header, or a trailer.

        Raises:
            _TooLongError: There have been too many of them.
        """
        self._headers += len(name) + len(value)
        if self._headers > HEAD_BYTES:
            raise _TooLongError
        super().on_header(name, value)

    def on_body(self, body: bytes) -> None:
        """Leave the body to whoever reads it: its length is bounded there."""
        self._beside_body -= len(body)
        super().on_body(body)

    def on_message_complete(self) -> None:
        """Count anew: the next request may come by the same connection."""
        self._beside_body = 0
        super().on_message_complete()
