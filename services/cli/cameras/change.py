"""``tilik cameras pause``, ``resume``, ``remove``, ``approve`` and ``withdraw``: what people decide about cameras."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import click
import msgspec

from schemas.cameras import Camera
from services.cli.cameras.decisions import DecisionRefusedError, approved, paused, removed, resumed, withdrawn
from services.cli.cameras.publishing import publish
from services.cli.cameras.selection import select, selection_options
from services.cli.cluster import bootstrap_option, kafka_settings
from services.runtime.camera_registry import read_registry
from services.runtime.clock import now_ms
from services.runtime.errors import ConfigurationError
from services.runtime.logging import redact_url

Decide = Callable[[Camera], Camera]

_SHOWN_CAMERAS = 20
_yes_option = click.option("--yes", is_flag=True, help="Don't ask.")


@click.command()
@selection_options
@bootstrap_option
def pause_command(cameras: tuple[str, ...], kelurahan: str | None, bootstrap: str | None) -> None:
    """Stop reading cameras for a while.

    ID may be a pattern such as 'loket-*'. Nothing is captured of a paused camera, and nothing counts as missed. It
    stays paused whatever is applied, until `resume`, or a file that says `state: active`.
    """
    found = _selected(cameras, kelurahan, bootstrap)
    _decide(found, paused, "paused", bootstrap)


@click.command()
@selection_options
@bootstrap_option
def resume_command(cameras: tuple[str, ...], kelurahan: str | None, bootstrap: str | None) -> None:
    """Read paused cameras again.

    ID may be a pattern such as 'loket-*'. A camera that was removed comes back only by a cameras.yaml that says
    `state: active`.
    """
    found = _selected(cameras, kelurahan, bootstrap)
    _decide(found, resumed, "resumed", bootstrap)


@click.command()
@selection_options
@_yes_option
@bootstrap_option
def remove_command(cameras: tuple[str, ...], kelurahan: str | None, yes: bool, bootstrap: str | None) -> None:
    """Remove cameras for good.

    ID may be a pattern such as 'loket-*'. They are read no more, and are not public any more; what was measured of
    them stays. Their ids are never given to other cameras.
    """
    found = _selected(cameras, kelurahan, bootstrap)
    _ask(found, "Remove {them} for good?", yes)
    _decide(found, removed, "removed", bootstrap)


@click.command()
@selection_options
@click.option("--by", "name", required=True, metavar="NAME", help="Who looked at the pictures; kept in the registry.")
@_yes_option
@bootstrap_option
def approve_command(
    cameras: tuple[str, ...], kelurahan: str | None, name: str, yes: bool, bootstrap: str | None
) -> None:
    """Make cameras public: a person has looked at their pictures.

    Look first: `tilik cameras probe URL` saves a picture. Nothing else makes a camera public, and no cameras.yaml does.
    The approval ends when the camera's source, its private zones or its anonymisation change, and when it is removed.
    """
    if not 1 <= len(name.strip()) <= 120:
        raise click.UsageError("--by must say a name, of at most 120 characters")
    found = _selected(cameras, kelurahan, bootstrap)
    question = "Have you looked at the pictures of {them}, and may everybody see them?"
    _ask([camera for camera in found if not camera.is_public], question, yes)
    at_ms = now_ms()
    _decide(found, lambda camera: approved(camera, name.strip(), at_ms), "approved", bootstrap)


@click.command()
@selection_options
@bootstrap_option
def withdraw_command(cameras: tuple[str, ...], kelurahan: str | None, bootstrap: str | None) -> None:
    """Make cameras not public any more, at once.

    ID may be a pattern such as 'loket-*'. They are read on. To be public again they need `approve`.
    """
    found = _selected(cameras, kelurahan, bootstrap)
    _decide(found, withdrawn, "withdrawn", bootstrap)


def _selected(wanted: Sequence[str], kelurahan: str | None, bootstrap: str | None) -> list[Camera]:
    return select(read_registry(kafka_settings(bootstrap)).all_latest(), wanted, kelurahan)


def _ask(cameras: Sequence[Camera], question: str, yes: bool) -> None:
    """Let a person say yes to each camera by name.

    Raises:
        click.Abort: They don't.
    """
    if yes or not cameras:
        return
    for camera in cameras[:_SHOWN_CAMERAS]:
        click.echo(f"  {camera.camera_id}  {camera.name}  {redact_url(camera.source.url)}")
    if len(cameras) > _SHOWN_CAMERAS:
        click.echo(f"  and {len(cameras) - _SHOWN_CAMERAS} more")
    one = "this camera" if len(cameras) == 1 else f"these {len(cameras)} cameras"
    click.confirm(question.format(them=one), abort=True)


def _decide(cameras: Sequence[Camera], decide: Decide, done: str, bootstrap: str | None) -> None:
    """Publish what was decided: of all cameras, or of none.

    Raises:
        ConfigurationError: It can't be decided about some of them; all of those are named.
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
