"""People followed from frame to frame, just far enough to count who leaves a queue across a drawn edge."""

from __future__ import annotations

import math
from typing import Final

from msgspec import Struct, field

from schemas.geometry import BoxXyxy, Line, Point, bottom_center
from services.aggregate.sights import Sight
from services.aggregate.view import CameraView

REACH_BOX_HEIGHTS: Final = 0.6
"""How far someone may have gone between two frames. A person of 1.7 m who walks 1 m/s goes that far in a second."""


class Track(Struct, array_like=True):
    """One person: where they stand, how tall they look, and whether they have been in the queue."""

    x: float
    y: float
    height: float
    queued: bool


class PeopleTracks(Struct, array_like=True):
    """The people in the previous frame."""

    people: list[Track] = field(default_factory=list)

    def follow(self, sight: Sight, view: CameraView) -> int:
        """Go on to the next frame, and give how many people left the queue across a counter edge on the way.

        People are linked one to one, nearest first, within 0.6 box heights; who is not seen in one frame is lost. A
        person counts once for each stay in the queue. Distances are compared in heights of the frame.
        """
        boxes = sight.people
        links = self._links(boxes, sight.aspect)
        served, people = 0, []
        for index, box in enumerate(boxes):
            foot = bottom_center(box)
            before = links.get(index)
            queued = before is not None and before.queued
            if before is not None and queued and _crosses_any(view.edges, (before.x, before.y), foot):
                served += 1
                queued = False
            queued = queued or any(zone.holds_box(box) for zone in view.queue)
            people.append(Track(foot[0], foot[1], box[3] - box[1], queued))
        self.people = people
        return served

    def _links(self, boxes: tuple[BoxXyxy, ...], aspect: float) -> dict[int, Track]:
        near: list[tuple[float, int, int]] = []
        for index, box in enumerate(boxes):
            x, y = bottom_center(box)
            for other, track in enumerate(self.people):
                distance = math.hypot((x - track.x) * aspect, y - track.y)
                if distance <= REACH_BOX_HEIGHTS * track.height:
                    near.append((distance, index, other))
        links: dict[int, Track] = {}
        taken: set[int] = set()
        for _, index, other in sorted(near):
            if index not in links and other not in taken:
                links[index] = self.people[other]
                taken.add(other)
        return links


def _crosses_any(edges: tuple[Line, ...], start: Point, end: Point) -> bool:
    return any(crosses(edge, start, end) for edge in edges)


def crosses(edge: Line, start: Point, end: Point) -> bool:
    """Tell whether the way from ``start`` to ``end`` goes over ``edge`` from its left to its right side.

    Left and right are seen in the picture (y grows downwards) by someone who walks from the edge's first to its second
    point. Who ends on the edge has not crossed it yet.
    """
    first, second = edge
    before, after = _side(first, second, start), _side(first, second, end)
    if not (before <= 0 < after):
        return False
    return _side(start, end, first) * _side(start, end, second) <= 0


def _side(first: Point, second: Point, point: Point) -> float:
    """Give a number that is negative left of the line, positive right of it, in a picture whose y grows downwards."""
    return (second[0] - first[0]) * (point[1] - first[1]) - (second[1] - first[1]) * (point[0] - first[0])
