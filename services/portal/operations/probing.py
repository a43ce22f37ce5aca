"""Ask a camera what it is, by the very command that ingest's people use, in a process of its own.

The portal decodes no video and knows no camera's password: the command reads ingest's settings, its networks and its
secrets, and the portal gets back what it says.
"""

from __future__ import annotations

import asyncio
import json
import os
import signal
import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path
from typing import Any, Final

import msgspec

from schemas.cameras import Camera, Source
from services.portal.operations.guarding import RefusedError
from services.runtime.logging import get_logger

log = get_logger(__name__)

_GROUP: Final = "cameras"  # not a topic: a command of tilik
_LIST_KEY: Final = "cameras"  # not a topic: a key of cameras.yaml
_LOOK_SECONDS: Final = "5"
_CHECK_SECONDS: Final = 30.0
_LONGEST_ANSWER: Final = 64 * 1024
_TOLD: Final = (
    "kind",
    "codec",
    "width",
    "height",
    "decoding",
    "keyframe_seconds",
    "picture_bytes",
    "bytes_per_day_at_1_fps",
)


async def probe(source: Source, seconds: float, turn: asyncio.Semaphore) -> dict[str, str]:
    """Give what the command found, by name, as texts.

    Raises:
        RefusedError: The camera can't be read, with the command's own words; or it took too long.
    """
    with tempfile.TemporaryDirectory(prefix="tilik-probe-") as folder:
        options = ["--json", "--seconds", _LOOK_SECONDS, "--transport", source.transport]
        options += ["--picture", str(Path(folder) / "picture.jpg")]
        options += ["--secret", source.secret] if source.secret else []
        async with turn:
            code, answer, _ = await _run([_GROUP, "probe", *options, "--", source.url], seconds)
    try:
        found = json.loads(answer)
    except ValueError:
        found = None
    if not isinstance(found, dict):
        log.warning("operations.probe_failed", code=code)
        raise RefusedError(422, "probe_failed")
    if code != 0:
        raise RefusedError(422, _failure(found))
    notes = " ".join(str(note) for note in found.get("notes", ()))
    return {name: str(found[name]) for name in _TOLD if found.get(name) not in (None, "")} | {"notes": notes}


async def check_entry(camera: Camera, turn: asyncio.Semaphore) -> None:
    """Look at an entry as ``tilik cameras apply`` does, which knows what the contract can't say of sources.

    Raises:
        RefusedError: Something is wrong with it, in the command's words.
    """
    entry = {name: value for name, value in msgspec.to_builtins(camera).items() if value is not None}
    for name in ("revision", "approval", "public"):
        entry.pop(name, None)
    with tempfile.TemporaryDirectory(prefix="tilik-entry-") as folder:
        file = Path(folder) / "cameras.yaml"
        file.write_text(json.dumps({_LIST_KEY: [_without_nothing(entry)]}), encoding="utf-8")  # JSON is YAML
        async with turn:
            code, _, said = await _run([_GROUP, "apply", "--offline", str(file)], _CHECK_SECONDS)
    if code != 0:
        faults = [line.partition(": line ")[2] for line in said.splitlines() if ": line " in line]
        raise RefusedError(422, "; ".join(faults)[:1000] or "probe_failed")


def _without_nothing(value: Any) -> Any:
    if isinstance(value, dict):
        return {key: _without_nothing(part) for key, part in value.items() if part is not None}
    return [_without_nothing(part) for part in value] if isinstance(value, list) else value


def _failure(found: dict[str, Any]) -> str:
    return " ".join([str(found.get("what", "")), *map(str, found.get("to_do", ()))]).strip()[:1000] or "probe_failed"


async def _run(arguments: Sequence[str], seconds: float) -> tuple[int, str, str]:
    """Run ``tilik``; give its exit code and what it wrote to standard output and error.

    Raises:
        RefusedError: It took too long.
    """
    process = await asyncio.create_subprocess_exec(
        sys.executable,
        "-m",
        "services.cli",
        *arguments,
        stdin=asyncio.subprocess.DEVNULL,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.PIPE,
        start_new_session=True,
    )
    try:
        async with asyncio.timeout(seconds):
            written = await process.communicate()
    except TimeoutError as error:
        raise RefusedError(422, "probe_too_long") from error
    finally:
        if process.returncode is None:
            os.killpg(process.pid, signal.SIGKILL)  # decoding processes of its own too
            await process.wait()
    output, said = (part[-_LONGEST_ANSWER:].decode("utf-8", "replace") for part in written)
    return process.returncode or 0, output, said
