"""Java and Maven as the broker needs them: found, or one sentence on how to get them."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
from pathlib import Path

from services.runtime.errors import ConfigurationError

OLDEST_JAVA = 17
"""Source: Apache Kafka 4.x, "Compatibility": brokers need Java 17."""

_GET_JAVA = "On Debian: apt-get install default-jre-headless"
JAVA_MISSING = f"Java is missing: the local Kafka broker runs on it, {OLDEST_JAVA} or later. {_GET_JAVA}"
MAVEN_MISSING = "Maven is missing: the local Kafka broker's jars come by it. On Debian: apt-get install maven"

_VERSION = re.compile(r'version "(?:1\.)?(\d+)')


def java_command() -> str:
    """Give the Java program: that of JAVA_HOME, or the one on PATH.

    Raises:
        ConfigurationError: There is none, or it is too old.
    """
    home = os.environ.get("JAVA_HOME")
    candidate = Path(home) / "bin" / "java" if home else None
    command = str(candidate) if candidate is not None and candidate.is_file() else shutil.which("java")
    if command is None:
        raise ConfigurationError(JAVA_MISSING)
    version = java_version(command)
    if version is None or version < OLDEST_JAVA:
        found = "of an unknown version" if version is None else str(version)
        raise ConfigurationError(
            f"Java {found} at {command} is too old: Kafka needs {OLDEST_JAVA} or later. {_GET_JAVA}"
        )
    return command


def java_version(command: str) -> int | None:
    """Give the major version of a Java program, None where it does not say."""
    try:
        result = subprocess.run([command, "-version"], capture_output=True, text=True, timeout=30, check=False)
    except (OSError, subprocess.TimeoutExpired):
        return None
    found = _VERSION.search(result.stderr + result.stdout)
    return int(found[1]) if found else None


def maven_command() -> str:
    """Give the Maven program on PATH.

    Raises:
        ConfigurationError: There is none.
    """
    command = shutil.which("mvn")
    if command is None:
        raise ConfigurationError(MAVEN_MISSING)
    return command
