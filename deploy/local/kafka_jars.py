"""Fetch Kafka's jars once, by Maven, as ``pom.xml`` names them."""

from __future__ import annotations

import hashlib
import re
import shutil
import subprocess
import time
from dataclasses import dataclass
from pathlib import Path

from deploy.local.java import maven_command
from services.runtime.errors import RetryableError

_POM = Path(__file__).with_name("pom.xml")
_STAMP = "pom.sha256"
_TIMEOUT_SECONDS = 900
_DOWNLOADED = re.compile(r"Downloaded from \S+ \S+ \(([\d.]+) (B|kB|MB)")
_UNIT_BYTES = {"B": 1, "kB": 1_000, "MB": 1_000_000}


@dataclass(frozen=True, slots=True)
class Fetched:
    """What fetching cost: bytes that came over the network (Maven keeps what it has), size of the jars, time."""

    downloaded_bytes: int
    size_bytes: int
    seconds: float


def jars_folder(state: Path) -> Path:
    """Give the folder of Kafka's jars below a state folder."""
    return state / "kafka" / "libs"


def jars_are_current(state: Path) -> bool:
    """Tell whether the jars are there, of this ``pom.xml``."""
    stamp = jars_folder(state) / _STAMP
    return stamp.is_file() and stamp.read_text() == _pom_hash()


def fetch_jars(state: Path) -> Fetched | None:
    """Fetch the jars if they are not there; None: they were. Blocks for seconds to minutes.

    Raises:
        ConfigurationError: Maven is missing.
        RetryableError: Maven failed; the text has its first error.
    """
    if jars_are_current(state):
        return None
    started = time.monotonic()
    folder = jars_folder(state)
    fresh = folder.with_name("libs.new")
    shutil.rmtree(fresh, ignore_errors=True)
    fresh.mkdir(parents=True)
    output = _run_maven(fresh)
    (fresh / _STAMP).write_text(_pom_hash())
    shutil.rmtree(folder, ignore_errors=True)
    fresh.rename(folder)
    downloaded = sum(round(float(amount) * _UNIT_BYTES[unit]) for amount, unit in _DOWNLOADED.findall(output))
    size = sum(path.stat().st_size for path in folder.glob("*.jar"))
    return Fetched(downloaded, size, time.monotonic() - started)


def _run_maven(target: Path) -> str:
    command = [maven_command(), "-B", "-f", str(_POM), "dependency:copy-dependencies"]
    command += [f"-DoutputDirectory={target.resolve()}", "-DincludeScope=runtime"]
    try:
        result = subprocess.run(command, capture_output=True, text=True, timeout=_TIMEOUT_SECONDS, check=False)
    except subprocess.TimeoutExpired as error:
        raise RetryableError(f"Maven did not fetch Kafka's jars within {_TIMEOUT_SECONDS} s") from error
    if result.returncode != 0:
        errors = [line for line in result.stdout.splitlines() if "ERROR" in line] or [result.stderr.strip()]
        raise RetryableError(f"Maven could not fetch Kafka's jars: {errors[0]}")
    return result.stdout


def _pom_hash() -> str:
    return hashlib.sha256(_POM.read_bytes()).hexdigest()
