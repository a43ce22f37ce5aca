"""Pictures of scenarios for ``docs/semantics.md``: what the camera showed, and what the rules made of it.

``python -m tests.scenarios.draw [--check]`` judges the scenarios anew and writes ``docs/pictures/semantics-*.svg``.
"""

from __future__ import annotations

import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from xml.sax.saxutils import escape

from schemas.camera_events import FrameDetections, FrameShed
from schemas.table import Row
from schemas.verdicts import REORDER_MS
from services.aggregate.sights import Sight, sight_of
from services.aggregate.view import CameraView
from services.aggregate.zones import count_in
from tests.scenarios.corpus import CORPUS, Scenario
from tests.scenarios.expected import judged

FOLDER = Path(__file__).parents[2] / "docs/pictures"
PICTURES = {
    "order": "order-late-by-10-min",
    "time": "counter-gap-of-61-s",
    "zones": "parking-zone-edited-in-mid-case",
    "accounting": "frames-expired",
    "counter": "counter-unattended-120-s",
    "parking": "parking-return-after-180-s",
    "flood": "flood-onset-120-s",
    "camera": "camera-shifted-and-released",
}
"""Rule → scenario that shows it."""

LEFT, WIDTH, LANE, GAP, TOP = 160, 900, 30, 12, 46
_STEPS = (5, 10, 15, 30, 60, 120, 300, 600, 900, 1800, 3600)
_SEEN, _FRAME, _LATE, _SHED = "#5b8db8", "#444", "#e08a1e", "#c0504d"
_FONT = 'font-family="sans-serif" font-size="11"'
_COLOURS = {"stay": "#8fb08c", "episode": "#c0504d", "valid": "#d9d9d9", "invalid": "#f2b25c"}


@dataclass(frozen=True, slots=True)
class Bar:
    """A span of seconds after the scenario's start, with what is written on it; ``open``: it goes on."""

    start: float
    end: float
    text: str
    colour: str
    is_open: bool = False


@dataclass(frozen=True, slots=True)
class Lane:
    """A line of the picture: bars, or values over time as steps up to ``most``, or ticks where there is no value."""

    name: str
    bars: tuple[Bar, ...] = ()
    steps: tuple[tuple[float, float], ...] = ()
    most: float = 1.0
    ticks: tuple[tuple[float, str], ...] = ()
    marks: tuple[float, ...] = ()


def lanes_of(scenario: Scenario) -> list[Lane]:
    """Give what there is to be seen, from the frames to the episodes."""
    start_ms = scenario.description.script.start_ms
    views = {camera.revision: CameraView(camera) for camera in scenario.cameras}
    frames = [event for event in scenario.events if isinstance(event, FrameDetections)]
    sights = sorted((sight_of(frame, views[frame.camera_revision]) for frame in frames), key=lambda one: one.at_ms)
    ticks = [((at_ms - start_ms) / 1000, colour) for at_ms, colour in _frame_ticks(scenario)]
    rows = judged(scenario.events, scenario.cameras)
    return [
        Lane("frames taken", ticks=tuple(sorted(ticks))),
        *_seen(sights, views, start_ms),
        *_judged_lanes(rows, start_ms),
    ]


def _frame_ticks(scenario: Scenario) -> Iterator[tuple[int, str]]:
    """Give when each frame was taken: dark, orange where it came too late to be judged, red where it was shed."""
    latest_ms = 0
    for event in scenario.events:
        if isinstance(event, FrameDetections):
            late = event.captured_at_ms < latest_ms - REORDER_MS
            latest_ms = max(latest_ms, event.captured_at_ms)
            yield event.captured_at_ms, _LATE if late else _FRAME
        elif isinstance(event, FrameShed):
            yield event.captured_at_ms, _SHED


def _seen(sights: list[Sight], views: dict[int, CameraView], start_ms: int) -> Iterator[Lane]:
    """Give what the frames show: people, vehicles, water, and where the picture is another one."""

    def lane(name: str, value: Any, marks: tuple[float, ...] = ()) -> Lane:
        steps: list[tuple[float, float]] = []
        for one, following in zip(sights, [*sights[1:], None], strict=True):
            view = views[one.camera_revision]
            steps.append(((one.at_ms - start_ms) / 1000, float(value(one, view))))
            observed_until_ms = one.at_ms + view.observes_most_ms
            if following is not None and following.at_ms > observed_until_ms:
                steps.append(((observed_until_ms - start_ms) / 1000, 0.0))
        return Lane(
            name, steps=tuple(steps), most=max(0.0 if marks else 1.0, *marks, *(each for _, each in steps)), marks=marks
        )

    every = list(views.values())
    if any(view.queue for view in every):
        yield lane("people in the queue", lambda one, view: count_in(view.queue, one.people))
    if any(view.staff for view in every):
        yield lane("people in staff", lambda one, view: count_in(view.staff, one.people))
    if any(view.parking for view in every):
        yield lane(
            "vehicles in the zone",
            lambda one, view: sum(any(zone.holds_box(each.box) for zone in view.parking) for each in one.vehicles),
        )
    if any(view.water for view in every):
        rule = every[0].camera.rules.flood
        yield lane("water in the zone", _water_ratio, (rule.onset_ratio, rule.cleared_ratio))
    usual = int(sights[0].scene.signature, 16)
    if any((int(one.scene.signature, 16) ^ usual).bit_count() > 60 for one in sights):
        yield lane("another view", lambda one, _: (int(one.scene.signature, 16) ^ usual).bit_count() > 60)


def _water_ratio(sight: Sight, view: CameraView) -> float:
    cells = [cell for zone in view.water for cell in zone.cells]
    return sum(sight.water[cell] for cell in cells) / (255 * len(cells)) if sight.water else 0.0


def _judged_lanes(rows: dict[str, list[Row]], start_ms: int) -> Iterator[Lane]:
    """Give stays, episodes and minutes."""

    def seconds(instant_ms: int) -> float:
        return (instant_ms - start_ms) / 1000

    stays: list[Any] = list(rows["parking_stays"])
    for row in sorted(stays, key=lambda one: one.started_at):
        bar = Bar(seconds(row.started_at), seconds(row.last_seen_at), row.ended_because, "stay", row.phase == "open")
        yield Lane("stay", (bar,))
    episodes: list[Any] = list(rows["episodes"])
    for row in sorted(episodes, key=lambda one: one.started_at):
        end = row.ended_at or row.last_seen_at
        bar = Bar(seconds(row.started_at), seconds(end), row.ended_because, "episode", row.phase == "open")
        yield Lane(row.kind.replace("_", " ") or row.episode_type.replace("_", " "), (bar,))
    minutes: list[Any] = list(rows["camera_minutes"])
    yield Lane(
        "judged frames, seconds",
        tuple(
            Bar(
                seconds(row.minute),
                seconds(row.minute) + 60,
                f"{row.detected}, {row.observed_s:g}" + (f" ({row.expired} expired)" if row.expired else ""),
                "valid" if row.valid else "invalid",
            )
            for row in minutes
        ),
    )


def svg_of(scenario: Scenario) -> str:
    """Give the picture."""
    lanes = lanes_of(scenario)
    last = max([*(at for lane in lanes for at, _ in lane.ticks), *(bar.end for lane in lanes for bar in lane.bars)])
    first = min(0.0, *(bar.start for lane in lanes for bar in lane.bars))
    scale = (WIDTH - LEFT - 20) / (last - first)
    height = TOP + len(lanes) * (LANE + GAP) + 24
    parts = [
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {height}" {_FONT}>',
        f'<rect width="{WIDTH}" height="{height}" fill="#fff"/>',
        f'<text x="8" y="20" font-size="13" font-weight="bold">{escape(scenario.description.title)}</text>',
    ]
    for number, lane in enumerate(lanes):
        y = TOP + number * (LANE + GAP)
        parts.append(f'<text x="8" y="{y + 19}">{escape(lane.name)}</text>')
        parts += _drawn(lane, y, first, scale)
    step = next((each for each in _STEPS if (last - first) / each <= 12), _STEPS[-1])
    for mark in range(round(first // step), round(last // step) + 1):
        x = LEFT + (mark * step - first) * scale
        if x >= LEFT - 1:
            parts.append(f'<line x1="{x:.1f}" y1="{TOP - 8}" x2="{x:.1f}" y2="{height - 18}" stroke="#ccc"/>')
            parts.append(f'<text x="{x:.1f}" y="{height - 5}" text-anchor="middle">{mark * step} s</text>')
    return "\n".join([*parts, "</svg>", ""])


def _drawn(lane: Lane, y: int, first: float, scale: float) -> Iterator[str]:
    def x_of(at: float) -> float:
        return LEFT + (at - first) * scale

    bottom = y + LANE
    for colour in sorted({colour for _, colour in lane.ticks}):
        way = "".join(f"M{x_of(at):.1f} {y + 6}V{bottom}" for at, each in lane.ticks if each == colour)
        yield f'<path d="{way}" stroke="{colour}" stroke-width="0.7"/>'
    changes = [
        step for before, step in zip(((0.0, -1.0), *lane.steps), lane.steps, strict=False) if step[1] != before[1]
    ]
    if changes:
        heights = [(x_of(at), bottom - value / lane.most * (LANE - 4)) for at, value in changes]
        way = "".join(f"H{x:.1f}V{top:.1f}" for x, top in heights)
        yield f'<path d="M{heights[0][0]:.1f} {bottom}{way}H{x_of(lane.steps[-1][0]):.1f}V{bottom}Z" fill="{_SEEN}"/>'
    for mark in lane.marks:
        level = bottom - mark / lane.most * (LANE - 4)
        line = f'x1="{LEFT}" y1="{level:.1f}" x2="{WIDTH - 20}" y2="{level:.1f}"'
        yield f'<line {line} stroke="#c0504d" stroke-dasharray="4 3"/>'
        yield f'<text x="{WIDTH - 18}" y="{level + 4:.1f}" font-size="9">{mark:g}</text>'
    for bar in lane.bars:
        x, width = x_of(bar.start), max(1.0, (bar.end - bar.start) * scale)
        edge = "none" if bar.colour in {"stay", "episode"} else "#fff"
        place = f'x="{x:.1f}" y="{y + 4}" width="{width:.1f}" height="{LANE - 4}"'
        yield f'<rect {place} fill="{_COLOURS[bar.colour]}" stroke="{edge}"/>'
        text = bar.text + (" …" if bar.is_open else "")
        fits = len(text) * 6 < width
        start = x + 4 if fits else x + width + 4
        if fits or bar.colour in {"stay", "episode"}:
            yield f'<text x="{start:.1f}" y="{y + 21}">{escape(text)}</text>'


def main(check: bool) -> int:
    """Write the pictures, or with ``check`` tell which are not as they would be written."""
    FOLDER.mkdir(parents=True, exist_ok=True)
    stale = []
    for rule, name in PICTURES.items():
        target, text = FOLDER / f"semantics-{rule}.svg", svg_of(Scenario(CORPUS / name))
        if check and (not target.exists() or target.read_text(encoding="utf-8") != text):
            stale.append(target.name)
        elif not check:
            target.write_text(text, encoding="utf-8")
    if stale:
        print(f"not as the rules draw them now: {', '.join(stale)}; run python -m tests.scenarios.draw")
    return 1 if stale else 0


if __name__ == "__main__":
    sys.exit(main("--check" in sys.argv[1:]))
