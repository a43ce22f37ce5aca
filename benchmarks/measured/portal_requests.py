"""How many requests a second a server answers: connections that ask for the same again and again.

Usage: python -m benchmarks.measured.portal_requests PORT CONNECTIONS SECONDS PATH
The last line is the answers a second; an answer that is not 200 ends the process.
"""

from __future__ import annotations

import asyncio
import re
import sys
import time

import uvloop

HOST = "127.0.0.1"
_LENGTH = re.compile(rb"content-length: (\d+)", re.IGNORECASE)


async def ask(port: int, path: str, until: float) -> int:
    reader, writer = await asyncio.open_connection(HOST, port, limit=1 << 20)
    answers = 0
    while time.monotonic() < until:
        writer.write(f"GET {path} HTTP/1.1\r\nHost: portal\r\nAccept: text/html,*/*\r\n\r\n".encode())
        head = await reader.readuntil(b"\r\n\r\n")
        length = _LENGTH.search(head)
        if not head.startswith(b"HTTP/1.1 200") or length is None:
            raise SystemExit(f"{path} was answered with {head[:80]!r}")
        await reader.readexactly(int(length[1]))
        answers += 1
    writer.close()
    return answers


async def main(port: int, connections: int, seconds: float, path: str) -> None:
    started = time.monotonic()
    counts = await asyncio.gather(*(ask(port, path, started + seconds) for _ in range(connections)))
    print(sum(counts) / (time.monotonic() - started))


if __name__ == "__main__":
    uvloop.run(main(int(sys.argv[1]), int(sys.argv[2]), float(sys.argv[3]), sys.argv[4]))
