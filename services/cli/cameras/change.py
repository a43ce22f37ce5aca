"""``tilik cameras pause``, ``resume``, ``remove``, ``approve`` and ``withdraw``: what people decide about cameras."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import click
import msgspec

from schemas.cameras import Camera
from services.cli.cameras.confirmation import ask, yes_option
from services.cli.cameras.publishing import publish
from services.cli.cameras.selection import Area, area_and_cameras, select
from services.cli.cluster import bootstrap_option, kafka_settings
from services.runtime.camera_changes import DecisionRefusedError, approved, paused, removed, resumed, withdrawn
from services.runtime.camera_registry import read_registry
from services.runtime.clock import now_ms
from services.runtime.errors import ConfigurationError

Decide = Callable[[Camera], Camera]

_QUESTION = (
    "'tilik cameras picture ID' saves the newest picture. Have you looked at the pictures of {them}, and may everybody "
    "see them?"
)


@click.command()
@area_and_cameras
@bootstrap_option
def pause_command(cameras: tuple[str, ...], area: Area, bootstrap: str | None) -> None:
    """Stop reading cameras for a while.

    ID may be a pattern such as 'loket-*'. Nothing is captured of a paused camera, and nothing counts as missed. It
    stays paused whatever is applied, until `resume`, or a file that says `state: active`.
    """
    found = _selected(cameras, area, bootstrap)
    _decide(found, paused, "paused", bootstrap)


@click.command()
@area_and_cameras
@bootstrap_option
def resume_command(cameras: tuple[str, ...], area: Area, bootstrap: str | None) -> None:
    """Read paused cameras again.

    ID may be a pattern such as 'loket-*'. A camera that was removed comes back only by a cameras.yaml that says
    `state: active`.
    """
    found = _selected(cameras, area, bootstrap)
    _decide(found, resumed, "resumed", bootstrap)


@click.command()
@area_and_cameras
@yes_option
@bootstrap_option
def remove_command(cameras: tuple[str, ...], area: Area, yes: bool, bootstrap: str | None) -> None:
    """Remove cameras for good.

    ID may be a pattern such as 'loket-*'. They are read no more, and are not public any more; what was measured of
    them stays. Their ids are never given to other cameras.
    """
    found = _selected(cameras, area, bootstrap)
    ask(found, "Remove {them} for good?", yes)
    _decide(found, removed, "removed", bootstrap)


@click.command()
@area_and_cameras
@click.option("--by", "name", required=True, metavar="NAME", help="Who looked at the pictures; kept in the registry.")
@yes_option
@bootstrap_option
def approve_command(cameras: tuple[str, ...], area: Area, name: str, yes: bool, bootstrap: str | None) -> None:
    """Make cameras public: a person has looked at their pictures.

    Look first: `tilik cameras picture ID` saves what ingest has just captured, private zones burnt. Nothing else makes
    a camera public, and no cameras.yaml does.
    The approval ends when the camera's source, its private zones or its anonymisation change, and when it is removed.
    """
    if not 1 <= len(name.strip()) <= 120:
        raise click.UsageError("--by must say a name, of at most 120 characters")
    found = _selected(cameras, area, bootstrap)
    ask([camera for camera in found if not camera.is_public], _QUESTION, yes)
    at_ms = now_ms()
    _decide(found, lambda camera: approved(camera, name.strip(), at_ms), "approved", bootstrap)


@click.command()
@area_and_cameras
@bootstrap_option
def withdraw_command(cameras: tuple[str, ...], area: Area, bootstrap: str | None) -> None:
    """Make cameras not public any more, at once.

    ID may be a pattern such as 'loket-*'. They are read on. To be public again they need `approve`.
    """
    found = _selected(cameras, area, bootstrap)
    _decide(found, withdrawn, "withdrawn", bootstrap)


def _selected(wanted: Sequence[str], area: Area, bootstrap: str | None) -> list[Camera]:
    return select(read_registry(kafka_settings(bootstrap)).all_latest(), wanted, area)


def _decide(cameras: Sequence[Camera], decide: Decide, done: str, bootstrap: str | None) -> None:
    """Publish what was decided, if it can be decided about all of the cameras.

    Raises:
        ConfigurationError: It can't be decided about some of them; all of those are named, and nothing is published.
        RetryableError: See ``publish``.
    """
    news, same = revised(cameras, decide)
    if news:
        publish(kafka_settings(bootstrap), news)
    for camera in news:
        click.echo(f"{done} {camera.camera_id}  {camera.name}  (revision {camera.revision})")
    for camera in same:
        click.echo(f"{camera.camera_id} was so already  (revision {camera.revision})")


def revised(cameras: Sequence[Camera], decide: Decide) -> tuple[list[Camera], list[Camera]]:
    """Give the next revisions of the cameras that a decision changes, and the cameras that it leaves as they are.

    Raises:
        ConfigurationError: It can't be decided about some of them; all of those are named.
    """
    news: list[Camera] = []
    same: list[Camera] = []
    refused: list[str] = []
    for camera in cameras:
        try:
            entry = decide(camera)
        except DecisionRefusedError as error:
            refused.append(str(error))
            continue
        if entry == camera:
            same.append(camera)
        else:
            news.append(msgspec.structs.replace(entry, revision=camera.revision + 1))
    if refused:
        raise ConfigurationError("; ".join([*refused, "nothing was changed"]))
    return news, same
