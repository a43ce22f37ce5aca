"""Firefox without a window, told what to do by Marionette: JSON over a socket, which the browser itself speaks.

Playwright drives a Firefox of its own alone, which no distribution has. Source: Firefox's source docs, Marionette,
"Protocol": a message is its length in decimal digits, a colon, and ``[type, id, command or error, body]``.
"""

from __future__ import annotations

import json
import os
import shutil
import socket
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from deploy.local.ports import HOST, free_port
from tests.ingest.worker_process import wait_for

_ANSWER_SECONDS = 60.0
_START_SECONDS = 60.0


def firefox() -> str | None:
    """Give the path of the system's Firefox; None: it has none."""
    return shutil.which("firefox-esr") or shutil.which("firefox")


class Window:
    """A window of Firefox."""

    def __init__(self, connection: socket.socket) -> None:
        self._connection = connection
        self._number = 0
        self._answer()  # says hello by itself
        self._tell("WebDriver:NewSession", capabilities={})

    def open(self, url: str) -> None:
        """Open a page, and wait until it is loaded."""
        self._tell("WebDriver:Navigate", url=url)

    def ask(self, expression: str) -> Any:
        """Give the value of an expression of JavaScript."""
        return self._tell("WebDriver:ExecuteScript", script=f"return {expression}", args=[])["value"]

    def press(self, selector: str, keys: str) -> None:
        """Type into an element, as a person would."""
        found = self._tell("WebDriver:FindElement", using="css selector", value=selector)["value"]
        self._tell("WebDriver:ElementSendKeys", id=next(iter(found.values())), text=keys)

    def _tell(self, command: str, **body: object) -> Any:
        self._number += 1
        text = json.dumps([0, self._number, command, body]).encode()
        self._connection.sendall(str(len(text)).encode() + b":" + text)
        _, _, error, answer = self._answer()
        assert error is None, f"{command}: {error}"
        return answer

    def _answer(self) -> Any:
        digits = b""
        while (one := self._read(1)) != b":":
            digits += one
        return json.loads(self._read(int(digits)))

    def _read(self, size: int) -> bytes:
        found = b""
        while len(found) < size:
            piece = self._connection.recv(size - len(found))
            assert piece, "Firefox has ended"
            found += piece
        return found


@contextmanager
def firefox_window(program: str, profile: Path) -> Iterator[Window]:
    """Run Firefox with a profile of its own, and give its window."""
    port = free_port()
    (profile / "user.js").write_text(f'user_pref("marionette.port", {port});\n')
    command = [program, "--headless", "--marionette", "--no-remote", "--profile", str(profile)]
    quiet = subprocess.DEVNULL
    with subprocess.Popen(command, stdout=quiet, stderr=quiet, env={**os.environ, "HOME": str(profile)}) as process:
        try:
            with _connected(port, process) as connection:
                yield Window(connection)
        finally:
            process.kill()


def _connected(port: int, process: subprocess.Popen[bytes]) -> socket.socket:
    found: list[socket.socket] = []

    def connects() -> bool:
        assert process.poll() is None, "Firefox did not start"
        try:
            found.append(socket.create_connection((HOST, port), timeout=_ANSWER_SECONDS))
        except OSError:
            return False
        return True

    wait_for(connects, "Firefox listens", _START_SECONDS)
    return found[0]
