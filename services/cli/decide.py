"""``tilik decide``: what a person decides about episodes and cameras, as an event beside the camera's frames."""

from __future__ import annotations

import functools
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, Final

import click

from schemas.camera_events import Decision, DecisionKind
from schemas.cameras import Camera
from schemas.geometry import Polygon
from services.cli import decide_store as store
from services.cli.cameras import confirmation
from services.cli.clickhouse import clickhouse_client, clickhouse_option, clickhouse_settings
from services.cli.cluster import bootstrap_option, kafka_settings
from services.cli.decide_store import EpisodeFacts
from services.cli.decide_texts import clock_time, instant_of, polygon_of, told
from services.runtime.camera_registry import read_registry
from services.runtime.clock import now_ms
from services.runtime.decision_events import decision_event, decision_record
from services.runtime.errors import ConfigurationError
from services.runtime.kafka import events_producer
from services.runtime.loop import deliver
from services.runtime.settings import KafkaSettings

SHORTEST_ID: Final = 6
"""Hex digits of an episode's id that may stand for it, where no other begins with them."""
OLD_PICTURE_MS: Final = 600_000
"""A camera whose newest picture is older is away, or its footage is recorded: then a decision of now waits."""
_SEND_SECONDS: Final = 30.0


@dataclass(frozen=True, slots=True)
class Person:
    """Who decides and why, and whether it was said beforehand that nothing is to be asked."""

    name: str
    reason: str
    yes: bool


@dataclass(frozen=True, slots=True)
class Places:
    """Where Kafka and ClickHouse are."""

    kafka: KafkaSettings
    clickhouse: str | None


def deciding(command: Callable[..., Any]) -> Callable[..., Any]:
    """Give a command the options that every decision has, as ``person`` and ``places``."""

    @click.option("--by", metavar="NAME", help="Who decides; asked for where it is not said.")
    @click.option("--why", metavar="TEXT", help="The reason; asked for where it is not said.")
    @confirmation.yes_option
    @bootstrap_option
    @clickhouse_option
    @functools.wraps(command)
    def with_person(
        *arguments: Any,
        by: str | None,
        why: str | None,
        yes: bool,
        bootstrap: str | None,
        clickhouse: str | None,
        **others: Any,
    ) -> Any:
        person = Person(_said(by, "by", "Who decides"), _said(why, "why", "Why"), yes)
        return command(*arguments, person=person, places=Places(kafka_settings(bootstrap), clickhouse), **others)

    return with_person


_at_option = click.option(
    "--at",
    metavar="TIME",
    help="From when on it rules, by the pictures' own clock: ISO 8601 (Semarang's time unless it says another), or "
    "'newest', the newest judged picture; now if not said. It never rules over what has been judged already.",
)


@click.group()
def command() -> None:
    """Decide about episodes and cameras.

    A decision is an event of its camera, kept with who decided and why. ID is an episode's id, or its first digits.
    """


@command.command("waiting")
@click.option("--limit", type=click.IntRange(1, 10_000), default=20, show_default=True, help="At most so many.")
@clickhouse_option
def waiting_command(limit: int, clickhouse: str | None) -> None:
    """List what waits for a person: cameras in quarantine, then the newest episodes that nobody has judged."""
    with clickhouse_client(clickhouse_settings(clickhouse)) as client:
        found = store.waiting(client, limit)
    for episode in found:
        click.echo(told(episode))
    if not found:
        click.echo("nothing waits", err=True)


@command.command("confirm")
@click.argument("episodes", metavar="ID…", nargs=-1, required=True)
@deciding
def confirm_command(episodes: Sequence[str], person: Person, places: Places) -> None:
    """Say of episodes that they were what they claim to be."""
    _judge(episodes, "episode_confirmed", person, places)


@command.command("reject")
@click.argument("episodes", metavar="ID…", nargs=-1, required=True)
@deciding
def reject_command(episodes: Sequence[str], person: Person, places: Places) -> None:
    """Say of episodes that they were nothing of the kind."""
    _judge(episodes, "episode_rejected", person, places)


@command.command("release")
@click.argument("camera_id", metavar="CAMERA")
@_at_option
@deciding
def release_command(camera_id: str, at: str | None, person: Person, places: Places) -> None:
    """Say that a camera's picture is as it should be.

    Ends its quarantine and every other open incident of it. What it shows from then on is learned as its view.
    """
    camera = _camera(camera_id, places)
    with clickhouse_client(clickhouse_settings(places.clickhouse)) as client:
        incidents = store.open_incidents(client, camera_id)
        if not incidents:
            raise ConfigurationError(f"camera {camera_id!r} has no open incident: there is nothing to release")
        at_ms = _moment(at, store.newest_picture_ms(client, camera_id))
    for incident in incidents:
        click.echo(told(incident))
    _send([_decision(camera, "quarantine_released", at_ms, person)], person, places)


@command.command("dry")
@click.argument("camera_id", metavar="CAMERA")
@_at_option
@deciding
def dry_command(camera_id: str, at: str | None, person: Person, places: Places) -> None:
    """Say that what a camera shows is dry: its water zones are measured against it from then on."""
    camera = _camera(camera_id, places)
    if not any(zone.purpose == "water" for zone in camera.zones):
        raise ConfigurationError(f"camera {camera_id!r} has no water zone")
    at_ms = _moment_of(camera_id, at, places)
    _send([_decision(camera, "dry_reference_approved", at_ms, person)], person, places)


@command.command("mask")
@click.argument("camera_id", metavar="CAMERA")
@click.option(
    "--corners", required=True, metavar="X,Y …", help="Corners of the part in order, 0 to 1 from the top left; 3 to 64."
)
@_at_option
@deciding
def mask_command(camera_id: str, corners: str, at: str | None, person: Person, places: Places) -> None:
    """Mask a part of a camera's picture in which a thing stands that is taken for a person or a vehicle.

    From then on nothing counts whose bottom centre lies in it. No decision takes a mask back.
    """
    camera = _camera(camera_id, places)
    mask = polygon_of(corners)
    at_ms = _moment_of(camera_id, at, places)
    _send([_decision(camera, "static_object_masked", at_ms, person, mask=mask)], person, places)


def _judge(ids: Sequence[str], decision: DecisionKind, person: Person, places: Places) -> None:
    """Decide about episodes, if each of them is known.

    Raises:
        ConfigurationError: An id means no episode, or two; nothing was decided.
    """
    with clickhouse_client(clickhouse_settings(places.clickhouse)) as client:
        episodes = [_only(text, store.episodes_that_begin(client, text)) for text in map(_checked_id, ids)]
    at_ms = now_ms()
    for episode in episodes:
        click.echo(told(episode))
    decisions = [
        decision_event(episode.camera_id, decision, at_ms, (person.name, person.reason), episode_id=episode.episode_id)
        for episode in episodes
    ]
    _send(decisions, person, places)


def _checked_id(text: str) -> str:
    digits = text.strip().lower()
    if not SHORTEST_ID <= len(digits) <= 32 or set(digits) - set("0123456789abcdef"):
        raise click.BadParameter(f"{text!r} is not an episode's id: {SHORTEST_ID} to 32 of the digits 0-9 and a-f")
    return digits


def _only(text: str, found: Sequence[EpisodeFacts]) -> EpisodeFacts:
    if not found:
        raise ConfigurationError(f"there is no episode {text!r}; nothing was decided")
    if len(found) > 1:
        raise ConfigurationError(f"more than one episode begins with {text!r}; nothing was decided")
    return found[0]


def _camera(camera_id: str, places: Places) -> Camera:
    camera = read_registry(places.kafka).latest(camera_id)
    if camera is None:
        raise ConfigurationError(f"there is no camera {camera_id!r}; nothing was decided")
    return camera


def _moment_of(camera_id: str, at: str | None, places: Places) -> int:
    with clickhouse_client(clickhouse_settings(places.clickhouse)) as client:
        return _moment(at, store.newest_picture_ms(client, camera_id))


def _moment(at: str | None, newest_ms: int) -> int:
    """Give from when on a decision rules, and tell where that is far from what the camera shows."""
    now = now_ms()
    at_ms = now if at is None else instant_of(at, newest_ms, now)
    if newest_ms and at_ms - newest_ms > OLD_PICTURE_MS:
        click.echo(
            f"The newest judged picture is of {clock_time(newest_ms)}: this waits for pictures of {clock_time(at_ms)}. "
            "Of a camera whose footage is recorded they may never come: --at newest is meant for it.",
            err=True,
        )
    return at_ms


def _decision(
    camera: Camera, decision: DecisionKind, at_ms: int, person: Person, mask: Polygon | None = None
) -> Decision:
    click.echo(f"{camera.camera_id}  {camera.name}: {decision}, as of {clock_time(at_ms)}")
    return decision_event(camera.camera_id, decision, at_ms, (person.name, person.reason), mask=mask)


def _send(decisions: Sequence[Decision], person: Person, places: Places) -> None:
    """Ask, and put the decisions among the events of their cameras.

    Raises:
        click.Abort: The answer is no.
        click.UsageError: Nobody can be asked, or what was said breaks the contract.
        RetryableError: Kafka has not acknowledged all of them; the same command may be given again.
    """
    try:
        records = [decision_record(one) for one in decisions]
    except ConfigurationError as error:
        raise click.UsageError(str(error)) from error
    if not person.yes:
        question = f"{decisions[0].decision}, by {person.name}: {person.reason!r}. Send it?"
        if not confirmation.is_terminal():
            raise click.UsageError(f"{question} Nobody can be asked here, without a terminal: --yes says so beforehand")
        click.confirm(question, abort=True)
    deliver(events_producer(places.kafka), records, _SEND_SECONDS)
    for decision in decisions:
        click.echo(f"sent {decision.event_id}  {decision.decision}  {decision.episode_id or decision.camera_id}")


def _said(value: str | None, option: str, question: str) -> str:
    """Give what an option says, or ask for it.

    Raises:
        click.UsageError: It says nothing, and nobody can be asked.
    """
    text = (value or "").strip()
    if not text and value is None and confirmation.is_terminal():
        text = str(click.prompt(question)).strip()
    if not text:
        raise click.UsageError(f"--{option} must say it: a decision is kept with who decided and why")
    return text
