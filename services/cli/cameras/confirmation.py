"""Let a person say yes to what is done to cameras, or a script beforehand by ``--yes``."""

from __future__ import annotations

import sys
from collections.abc import Sequence

import click

from schemas.cameras import Camera
from services.runtime.logging import redact_url

_SHOWN_CAMERAS = 20

yes_option = click.option("--yes", is_flag=True, help="Don't ask.")


def ask(cameras: Sequence[Camera], question: str, yes: bool) -> None:
    """Name the cameras and ask.

    Args:
        cameras: What is meant; none: nothing is asked.
        question: With ``{them}`` where the cameras are spoken of.
        yes: It was said beforehand; nothing is asked.

    Raises:
        click.Abort: The answer is no.
        click.UsageError: Nobody can be asked, since there is no terminal.
    """
    if yes or not cameras:
        return
    for camera in cameras[:_SHOWN_CAMERAS]:
        click.echo(f"  {camera.camera_id}  {camera.name}  {redact_url(camera.source.url)}")
    if len(cameras) > _SHOWN_CAMERAS:
        click.echo(f"  and {len(cameras) - _SHOWN_CAMERAS} more")
    one = "this camera" if len(cameras) == 1 else f"these {len(cameras)} cameras"
    asked = question.format(them=one)
    if not is_terminal():
        raise click.UsageError(f"{asked} Nobody can be asked here, without a terminal: --yes says so beforehand")
    click.confirm(asked, abort=True)


def is_terminal() -> bool:
    """Tell whether a person can answer."""
    return sys.stdin.isatty()
