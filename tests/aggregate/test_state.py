"""States that former versions wrote: read on as if they were of this one, or refused."""

from __future__ import annotations

from schemas.cameras import FloodRule, Rules, Zone
from services.aggregate.judgement import Judgement
from services.aggregate.recomputation import any_revision_of
from services.aggregate.state import STATE_FORMAT, decode_state, encode_state
from tests.aggregate.make_events import CAMERA_ID, LEFT_HALF, RIGHT_HALF, make_camera, make_frame, person
from tests.aggregate.rules.make_water import ROAD, grid

CAMERA = make_camera(
    [ROAD, Zone("queue", "queue", LEFT_HALF), Zone("staff", "staff", RIGHT_HALF)], rules=Rules(flood=FloodRule())
)
LEVELS = [0, 80, 20, 200, 60]
EVENTS = [make_frame(n, [person(0.2)] if n % 3 else [], water=grid(LEVELS[n % 5])) for n in range(400)]


def of_format_2(blob: bytes) -> bytes:
    """Give a state as the version before wrote it: without what is counted of windows."""
    state = decode_state(blob)
    state.format = 2
    state.counter.runs.used_frames = 0
    for zone in state.flood.zones.values():
        zone.baseline.ratios = []
    return encode_state(state)


def test_a_state_of_format_2_goes_on_as_one_of_this_version_does() -> None:
    whole, before, after = (Judgement(any_revision_of([CAMERA])) for _ in range(3))
    for offset, event in enumerate(EVENTS):
        whole.apply(event, offset)
        if offset < 200:
            before.apply(event, offset)
    blob = before.drain().blobs[CAMERA_ID]
    assert decode_state(blob).counter.runs.used_frames > 0
    after.load(of_format_2(blob))
    for offset, event in list(enumerate(EVENTS))[200:]:
        after.apply(event, offset)
    found = after.drain().blobs[CAMERA_ID]
    assert found == whole.drain().blobs[CAMERA_ID]
    assert decode_state(found).format == STATE_FORMAT
