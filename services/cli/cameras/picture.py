"""``tilik cameras picture``: the newest picture of a camera, for whoever has to decide about it."""

from __future__ import annotations

from pathlib import Path

import click

from schemas.cameras import Camera
from services.cli.cameras.times import local, span
from services.cli.cluster import bootstrap_option, kafka_settings
from services.runtime.camera_registry import read_registry
from services.runtime.clock import now_ms
from services.runtime.errors import ConfigurationError, RetryableError
from services.runtime.newest_frame import Frame, newest_frame

_LOOK_SECONDS = 30.0
"""A partition of a city holds 0.8 GB of frames, and is read through in half that, where a camera has none."""


@click.command()
@click.argument("camera")
@click.option("--out", type=click.Path(path_type=Path, dir_okay=False), help="Where to save it.  [picture-CAMERA.jpg]")
@bootstrap_option
def command(camera: str, out: Path | None, bootstrap: str | None) -> None:
    """Save the newest picture of CAMERA, as ingest captured it: look at it before you approve the camera.

    It comes from Kafka, which keeps pictures for ten minutes. Its private zones are burnt to black, but nobody in it
    has been made unrecognisable yet, as on the public pages: keep it to yourself, and delete it afterwards.
    """
    kafka = kafka_settings(bootstrap)
    entry = read_registry(kafka).latest(camera)
    if entry is None:
        raise ConfigurationError(f"there is no camera {camera!r}; 'tilik cameras list' names them")
    frame = newest_frame(kafka, camera, _LOOK_SECONDS)
    if frame is None:
        raise RetryableError(
            f"there is no picture of {camera}: none was captured in the last ten minutes, for which Kafka keeps them; "
            f"'tilik cameras history {camera}' tells why"
        )
    saved = _save(frame.jpeg, out or Path(f"picture-{camera}.jpg"))
    click.echo(f"{saved}: {told(frame, now_ms())}")
    for note in notes_on(frame, entry):
        click.secho(f"! {note}", fg="yellow")


def told(frame: Frame, at_ms: int) -> str:
    """Give when the picture was taken, its size, and what it is of."""
    headers = frame.headers
    ago = span((at_ms - headers.captured_at_ms) / 1000)
    return (
        f"taken {local(headers.captured_at_ms):%Y-%m-%d %H:%M:%S} ({ago} ago), {headers.width} × {headers.height} px, "
        f"{len(frame.jpeg) / 1000:,.1f} KB, revision {headers.camera_revision}, by {headers.ingest_instance}"
    )


def notes_on(frame: Frame, entry: Camera) -> list[str]:
    """Give what whoever looks at the picture must know of it. ``entry`` is the camera's newest revision."""
    notes = []
    if frame.headers.camera_revision != entry.revision:
        notes.append(
            f"the registry holds revision {entry.revision}: the picture was taken before, and may show something else"
        )
    if frame.headers.simulated:
        notes.append("effects are laid over it (simulated)")
    return notes


def _save(jpeg: bytes, path: Path) -> Path:
    try:
        path.touch(mode=0o600)  # persons can be recognised in it
        path.write_bytes(jpeg)
    except OSError as error:
        raise ConfigurationError(f"the picture can't be saved to {path}: {error}") from error
    return path
