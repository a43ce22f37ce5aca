"""ClickHouse's HTTP interface as an ASGI application: queries, inserts, pings, errors."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable
from functools import partial
from typing import TypeVar
from urllib.parse import parse_qsl, urlsplit

import anyio
import anyio.to_thread
from starlette.requests import Request
from starlette.responses import PlainTextResponse
from starlette.types import Message, Receive, Scope, Send

from deploy.local.clickhouse.answer import Answer
from deploy.local.clickhouse.compression import chosen_encoding, decoder_for, encoder_for
from deploy.local.clickhouse.engine import Engine
from deploy.local.clickhouse.errors import ClickHouseError, clickhouse_error
from deploy.local.clickhouse.request import QueryRequest, form_fields, read_request
from deploy.local.clickhouse.response import Headers, ResponseBody, answer_headers

_CONCURRENT_CALLS = 32
_HEAD_BYTES = 256 << 10
"""An INSERT's SQL ends within that: ClickHouse's ``max_query_size``."""
_APPEND_BYTES = 512 << 10
_LOOPBACK = {"127.0.0.1", "localhost", "::1"}
_ALIVE = {"/ping", "/replicas_status"}

Result = TypeVar("Result")


class ClickHouseFace:
    """The application. The engine's calls run on threads, at most 32 at a time."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine
        self._limiter: anyio.CapacityLimiter | None = None

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request."""
        assert scope["type"] == "http"
        request = Request(scope, receive)
        refusal = _refusal(request)
        if refusal is not None:
            await refusal(scope, receive, send)
        elif request.url.path in _ALIVE or (request.url.path == "/" and _says_nothing(request)):
            await PlainTextResponse("Ok.\n")(scope, receive, send)
        elif request.url.path != "/":
            await PlainTextResponse(f"There is no handle {request.url.path}\n", 404)(scope, receive, send)
        else:
            await self._answer_query(request, send)

    async def _answer_query(self, request: Request, send: Send) -> None:
        headers: Headers = {
            "X-ClickHouse-Server-Display-Name": "tilik-local",
            "X-ClickHouse-Timezone": self._engine.timezone,
        }
        try:
            query, body = await _read(request)
            headers["X-ClickHouse-Query-Id"] = query.query_id
            answer = await self._run(query, body)
        except ClickHouseError as error:
            await self._send_error(error, headers, request, send)
            return
        encoding = chosen_encoding(query.accept_encoding) if answer.first else ""
        headers |= answer_headers(answer, encoding)
        response = ResponseBody(answer, encoder_for(encoding))
        if answer.rest is None or request.method == "HEAD":
            await self._send_whole(response, headers, request, send)
        else:
            await self._send_stream(response, headers, request, send)

    async def _run(self, query: QueryRequest, body: AsyncIterator[bytes]) -> Answer:
        """Read as much of the body as the SQL takes; the data of an insert goes on to the engine as it comes."""
        text = query.query + b"\n" if query.query else b""
        async for chunk in body:
            text += chunk
            if len(text) >= _HEAD_BYTES:
                break
        statement = self._engine.statement(text)
        if statement.data_start is None:
            rest = b"".join([chunk async for chunk in body])
            if rest:
                statement = self._engine.statement(text + rest)
            if not statement.words:
                raise clickhouse_error(62, "SYNTAX_ERROR", "Syntax error: Empty query")
            whole = statement
            return await self._blocking(lambda: self._engine.execute(query, whole))
        data = text[statement.data_start :]
        insertion = self._engine.begin_insertion(query, statement)
        try:
            async for piece in _pieces(data, body):
                await self._blocking(partial(insertion.append, piece))
            return await self._blocking(insertion.finish)
        finally:
            insertion.close()

    async def _send_error(self, error: ClickHouseError, headers: Headers, request: Request, send: Send) -> None:
        headers["X-ClickHouse-Exception-Code"] = str(error.code)
        headers["Content-Type"] = "text/plain; charset=UTF-8"
        text = str(error)
        if "(version " not in text:
            text += f" (version {self._engine.version} (embedded))"
        body = b"" if request.method == "HEAD" else text.encode("utf-8", "replace") + b"\n"
        await _send(send, error.status, headers | {"Content-Length": str(len(body))}, body)

    async def _send_whole(self, response: ResponseBody, headers: Headers, request: Request, send: Send) -> None:
        if request.method == "HEAD":
            await self._blocking(response.close)
            await _send(send, 200, headers, b"")
            return
        parts = []
        while (part := response.next()) is not None:
            parts.append(part)
        body = b"".join(parts)
        await _send(send, 200, headers | {"Content-Length": str(len(body))}, body)

    async def _send_stream(self, response: ResponseBody, headers: Headers, request: Request, send: Send) -> None:
        gone = asyncio.create_task(_client_left(request))
        headers["X-ClickHouse-Exception-Tag"] = response.tag
        try:
            await send(_start(200, headers))
            while not gone.done():
                chunk = await self._blocking(response.next)
                if chunk is None:
                    break
                if chunk:
                    await send({"type": "http.response.body", "body": chunk, "more_body": True})
            if not response.broken:  # otherwise the server cuts the connection, so that no client takes it for the end
                await send({"type": "http.response.body", "body": b"", "more_body": False})
        finally:
            gone.cancel()
            with anyio.CancelScope(shield=True):
                await self._blocking(response.close)

    async def _blocking(self, call: Callable[[], Result]) -> Result:
        if self._limiter is None:
            self._limiter = anyio.CapacityLimiter(_CONCURRENT_CALLS)
        return await anyio.to_thread.run_sync(call, limiter=self._limiter)


async def _read(request: Request) -> tuple[QueryRequest, AsyncIterator[bytes]]:
    fields = parse_qsl(
        request.scope["query_string"].decode("latin-1"), keep_blank_values=True, errors="surrogateescape"
    )
    body = _decoded(request)
    content_type = request.headers.get("content-type", "")
    if content_type.startswith("multipart/form-data"):
        form = b"".join([chunk async for chunk in body])
        fields += form_fields(content_type, form)
    return read_request(request.method, fields, request.headers), body


async def _decoded(request: Request) -> AsyncIterator[bytes]:
    decoder = decoder_for(request.headers.get("content-encoding", ""))
    async for chunk in request.stream():
        data = decoder.decode(chunk)
        if data:
            yield data


async def _pieces(data: bytes, body: AsyncIterator[bytes]) -> AsyncIterator[bytes]:
    """Give the data in pieces worth a change of thread."""
    piece = bytearray(data)
    async for chunk in body:
        piece += chunk
        if len(piece) >= _APPEND_BYTES:
            yield bytes(piece)
            piece.clear()
    if piece:
        yield bytes(piece)


async def _client_left(request: Request) -> None:
    while (await request.receive())["type"] != "http.disconnect":
        pass


async def _send(send: Send, status: int, headers: Headers, body: bytes) -> None:
    await send(_start(status, headers))
    await send({"type": "http.response.body", "body": body})


def _start(status: int, headers: Headers) -> Message:
    pairs = [(name.encode("latin-1"), value.encode("latin-1", "replace")) for name, value in headers.items()]
    return {"type": "http.response.start", "status": status, "headers": pairs}


def _says_nothing(request: Request) -> bool:
    return request.method in ("GET", "HEAD") and "query" not in request.query_params


def _refusal(request: Request) -> PlainTextResponse | None:
    """Keep web pages of other sites out: a browser on this machine would carry their requests to the loopback port."""
    if request.method not in ("GET", "HEAD", "POST"):
        return PlainTextResponse("GET, HEAD or POST\n", 405)
    origin = request.headers.get("origin")
    for url in (f"//{request.headers.get('host', '')}", origin):
        if url is not None and urlsplit(url).hostname not in _LOOPBACK:
            return PlainTextResponse("only this machine is answered: host and origin must be loopback\n", 403)
    return None
