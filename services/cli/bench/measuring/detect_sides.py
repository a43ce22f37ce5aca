"""The sides of ``bench detect``: processes that judge frames when told, and say what it took."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Literal

import msgspec

from services.runtime.errors import FatalError

_REPOSITORY = Path(__file__).parents[4]
"""The sides are scripts of the source tree (``benchmarks/``), which no wheel contains."""


class Request(msgspec.Struct, frozen=True, omit_defaults=True):
    """Frames to judge, with inputs in batches of ``batch``.

    ``alone``: each batch by itself, begun when the one before is done; else many at once, as the service takes them.
    ``a_second``: at that rate, if not 0.
    """

    batch: int
    frames: int
    tiles: Literal["1x1", "2x2"] = "1x1"
    water: bool = False
    alone: bool = False
    a_second: float = 0.0


class Answer(msgspec.Struct, frozen=True):
    """What it took. ``waits_seconds`` are of each call, or, at a rate, of each frame from its coming to its event.

    ``peak_memory_bytes``: the most that the process had in memory since its start. ``gpu_memory_bytes``: the most that
    nvidia-smi showed in use meanwhile, by whomever; ``torch_memory_bytes``: the most of it that torch held, its graphs'
    included. Both are 0 without a GPU.
    """

    seconds: float
    cpu_seconds: float
    objects: int
    waits_seconds: list[float]
    peak_memory_bytes: int
    gpu_memory_bytes: int
    torch_memory_bytes: int
    gpu_watts: list[float]


@dataclass(frozen=True, slots=True)
class Cost:
    """What a side took for so many frames."""

    frames: int
    seconds: float
    cpu_seconds: float
    objects: int

    @property
    def a_second(self) -> float:
        """Give frames a second."""
        return self.frames / self.seconds

    @property
    def cpu_ms(self) -> float:
        """Give milliseconds of CPU a frame."""
        return self.cpu_seconds / self.frames * 1000


@dataclass(frozen=True, slots=True)
class Side:
    """A process that answers a line with a line."""

    name: str
    process: subprocess.Popen[str]
    requests: IO[str]
    answers: IO[str]

    def ask(self, line: str) -> str:
        """Give the answer to a request; blocks until the frames are judged.

        Raises:
            FatalError: The process has ended.
        """
        try:
            self.requests.write(line + "\n")
            self.requests.flush()
        except BrokenPipeError as error:
            raise FatalError(f"{self.name} has ended; its own output says why") from error
        answer = self.answers.readline()
        if not answer:
            raise FatalError(f"{self.name} has ended; its own output says why")
        return answer

    def judge(self, request: Request) -> Answer:
        """Ask our side."""
        return msgspec.json.decode(self.ask(msgspec.json.encode(request).decode()), type=Answer)

    def judge_as_peer(self, batch: int, frames: int) -> Cost:
        """Ask a peer's script."""
        seconds, cpu_seconds, objects = self.ask(f"{batch} {frames}").split()
        return Cost(frames, float(seconds), float(cpu_seconds), int(objects))


@contextmanager
def running(module: str, arguments: Sequence[str]) -> Iterator[Side]:
    """Run a script of ``benchmarks`` for as long as it is asked; it is ended at the end."""
    command = [sys.executable, "-m", module, *arguments]
    with subprocess.Popen(
        command, cwd=_REPOSITORY, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    ) as process:
        assert process.stdin is not None
        assert process.stdout is not None
        try:
            yield Side(module, process, process.stdin, process.stdout)
        finally:
            process.kill()
