"""What ``tilik decide`` reads from its options, and how it tells of an episode."""

from __future__ import annotations

from datetime import datetime

import click

from schemas.geometry import Polygon
from services.cli.cameras.times import LOCAL_TIME, local
from services.cli.decide_store import EpisodeFacts
from services.runtime.errors import ConfigurationError


def polygon_of(corners: str) -> Polygon:
    """Give the corners that a text such as ``0.1,0.2 0.3,0.2 0.3,0.4`` names.

    Raises:
        click.BadParameter: It names none.
    """
    try:
        points = [tuple(float(number) for number in corner.split(",")) for corner in corners.split()]
    except ValueError as error:
        raise click.BadParameter(f"--corners: {error}") from error
    if not 3 <= len(points) <= 64 or any(len(point) != 2 for point in points):
        raise click.BadParameter("--corners takes 3 to 64 corners, each as X,Y")
    if not all(0.0 <= number <= 1.0 for point in points for number in point):
        raise click.BadParameter("--corners: every number is between 0 and 1")
    return tuple((point[0], point[1]) for point in points)


def instant_of(text: str, newest_ms: int, now: int) -> int:
    """Give the instant that ``--at`` names, ms since 1970.

    Raises:
        click.BadParameter: It names none, or one that is not over.
        ConfigurationError: The newest picture is meant, and there is none.
    """
    if text == "newest":
        if not newest_ms:
            raise ConfigurationError("no picture of the camera has been judged yet")
        return newest_ms
    try:
        moment = datetime.fromisoformat(text)
    except ValueError as error:
        raise click.BadParameter(f"--at: {text!r} is not a time in ISO 8601, nor 'newest'") from error
    at_ms = round((moment if moment.tzinfo else moment.replace(tzinfo=LOCAL_TIME)).timestamp() * 1000)
    if not 0 <= at_ms <= now:
        raise click.BadParameter(f"--at: {text} is not over yet, or before 1970")
    return at_ms


def told(episode: EpisodeFacts) -> str:
    """Give an episode as one line."""
    what = " ".join(part for part in (episode.episode_type.replace("_", " "), episode.kind) if part)
    where = f"{episode.camera_id}, zone {episode.zone_id}" if episode.zone_id else episode.camera_id
    figures = zip(episode.why_names, episode.why_values, episode.why_thresholds, strict=True)
    why = ", ".join(f"{name} {value:g} (threshold {threshold:g})" for name, value, threshold in figures)
    end = f"ended {clock_time(episode.ended_ms)}, {episode.ended_because}" if episode.phase == "ended" else "open"
    judged = f"; {episode.verdict.removeprefix('episode_')} by {episode.verdict_by}" if episode.verdict else ""
    held = "; quarantined" if episode.quarantined and episode.phase == "open" else ""
    return f"{episode.episode_id}  {what}  {where}  from {clock_time(episode.started_ms)}, {end}; {why}{held}{judged}"


def clock_time(at_ms: int) -> str:
    """Give ms since 1970 as Semarang's date and time."""
    return local(at_ms).strftime("%Y-%m-%d %H:%M:%S")
