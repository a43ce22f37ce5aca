"""One decoding child as the worker sees it: started when it is needed, watched, ended, started again."""

from __future__ import annotations

import asyncio
import contextlib
import os
import signal
import socket
import subprocess
import sys
import time
from pathlib import Path

import msgspec

from services.ingest.decoding.framing import Order, framed, receive_answer
from services.ingest.decoding.jobs import Answer, Job
from services.ingest.decoding.limits import DecodingLimits

_ROOT = Path(__file__).parents[3]
_COMMAND = (sys.executable, "-P", "-m", "services.ingest.decoding")
_INHERITED = ("PATH", "HOME", "LANG", "LC_ALL", "TZ", "LD_LIBRARY_PATH", "VIRTUAL_ENV")
"""Of the environment: secrets may lie in the rest, and a child that hostile video has taken over must not have them."""

_ONE_THREAD = {name: "1" for name in ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MALLOC_ARENA_MAX")}
"""Parallel work comes from several children; threads' stacks and buffers would only take address space."""

_KEPT_MEMORY = {"MALLOC_TRIM_THRESHOLD_": str(64 << 20), "MALLOC_MMAP_THRESHOLD_": str(32 << 20)}
"""Of glibc: what a picture took stays for the next one. Giving it back and taking it anew costs 1,600 page faults a
picture of H.265, 720 lines: 2.5 of 18.5 ms. It keeps 8 MB more."""

_START_SECONDS = 30.0
"""Loading the libraries takes 0.5 s; the rest is for a machine that is overloaded."""

_GRACE_SECONDS = 1.0
_REAP_SECONDS = 0.005


class Child:
    """A process ``python -m services.ingest.decoding``. Lives in the event loop; one job at a time.

    Args:
        limits: What it may use.

    Raises:
        OSError: The machine has no more processes or file descriptors to give, or Python is not where it was.
    """

    def __init__(self, limits: DecodingLimits) -> None:
        self._channel, theirs = socket.socketpair()
        self._channel.setblocking(False)
        with theirs:
            try:
                self._process = _started(theirs, limits)
            except BaseException:
                self._channel.close()
                raise

    @property
    def pid(self) -> int:
        """Give the process id."""
        return self._process.pid

    @property
    def ended(self) -> bool:
        """Tell whether the process has ended by itself."""
        return self._process.poll() is not None

    async def ready(self) -> None:
        """Wait until the child can take jobs.

        Raises:
            TimeoutError: It takes too long.
            EOFError, OSError, FramingError: It has ended, or is out of order.
        """
        async with asyncio.timeout(_START_SECONDS):
            await receive_answer(self._channel)

    async def ask(self, stream: str, job: Job) -> Answer:
        """Have a job done.

        Raises:
            EOFError, OSError, FramingError: The child has ended, or is out of order.
        """
        await asyncio.get_running_loop().sock_sendall(self._channel, framed(Order(stream, job)))
        return await receive_answer(self._channel)

    async def end(self, at_once: bool) -> str:
        """End the process, and say what it died of: one that is ending by itself gets a little time for that."""
        self._channel.close()
        kill_at = time.monotonic() + (0.0 if at_once else _GRACE_SECONDS)
        while self._process.poll() is None:  # a large memory takes some ms to be given back; the loop goes on meanwhile
            if time.monotonic() >= kill_at:
                self._process.kill()
            await asyncio.sleep(_REAP_SECONDS)
        return _said(self._process.returncode)

    def kill(self) -> None:
        """End the process at once; also outside of the event loop."""
        self._process.kill()
        with contextlib.suppress(subprocess.TimeoutExpired):
            self._process.wait(1.0)

    def close(self) -> None:
        """End the process, and close the channel to it."""
        self.kill()
        self._channel.close()


def _started(channel: socket.socket, limits: DecodingLimits) -> subprocess.Popen[bytes]:
    return subprocess.Popen(
        [*_COMMAND, str(os.getpid()), msgspec.json.encode(limits).decode()],
        stdin=channel.fileno(),
        stdout=subprocess.DEVNULL,
        env={name: os.environ[name] for name in _INHERITED if name in os.environ}
        | _ONE_THREAD
        | _KEPT_MEMORY
        | {"PYTHONPATH": os.pathsep.join(filter(None, [str(_ROOT), os.environ.get("PYTHONPATH", "")]))},
    )


def _said(code: int) -> str:
    if code >= 0:
        return f"exit code {code}"
    try:
        return signal.Signals(-code).name
    except ValueError:
        return f"signal {-code}"
