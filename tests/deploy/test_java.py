"""Which Java is taken, and what is said of one that is too old."""

from __future__ import annotations

from pathlib import Path

import pytest

from deploy.local.java import java_command, java_version
from services.runtime.errors import ConfigurationError


def java(path: Path, first_line: str) -> Path:
    """A program that names its version as Java does: on standard error, whatever else it says below."""
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(f"#!/bin/sh\necho '{first_line}' >&2\necho 'OpenJDK 64-Bit Server VM (build 1.2)' >&2\n")
    path.chmod(0o755)
    return path


@pytest.mark.parametrize(
    ("first_line", "version"),
    [
        ('openjdk version "17.0.12" 2024-07-16', 17),
        ('openjdk version "21" 2023-09-19', 21),
        ('java version "1.8.0_412"', 8),
        ("no version here", None),
    ],
)
def test_version_is_the_major_one_as_people_say_it(tmp_path: Path, first_line: str, version: int | None) -> None:
    assert java_version(str(java(tmp_path / "java", first_line))) == version


def test_java_8_is_too_old_and_the_package_named_is_in_every_debian(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    java(tmp_path / "bin" / "java", 'java version "1.8.0_412"')
    monkeypatch.setenv("JAVA_HOME", str(tmp_path))
    with pytest.raises(ConfigurationError, match=r"Java 8 at .* is too old.*apt-get install default-jre-headless"):
        java_command()


def test_java_home_comes_before_path(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    home = java(tmp_path / "home" / "bin" / "java", 'openjdk version "21" 2023-09-19')
    java(tmp_path / "path" / "java", 'openjdk version "17" 2021-09-14')
    monkeypatch.setenv("JAVA_HOME", str(tmp_path / "home"))
    monkeypatch.setenv("PATH", str(tmp_path / "path"))
    assert java_command() == str(home)
