"""Replicas of detect share the load, join, die and freeze; one is overloaded: each frame has one outcome, in time."""

from __future__ import annotations

import signal
import time
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field

import msgspec
import pytest
from confluent_kafka import TopicPartition
from confluent_kafka.admin import AdminClient

from schemas.camera_events import DEAD_LETTER_REASONS, FrameDetections, FrameOutcome, FrameShed
from schemas.topics import FRAMES
from services.runtime.clock import now_ms
from services.runtime.settings import KafkaSettings
from tests.ingest.worker_process import wait_for
from tests.pipeline.detect_scene import (
    PARTITIONS_COUNT,
    Cameras,
    FrameId,
    Group,
    Outcomes,
    Replica,
    make_cameras,
    outcomes_by_frame,
    publish,
    quantile,
    running_broker,
)

pytestmark = [pytest.mark.pipeline, pytest.mark.alone, pytest.mark.timeout(1800)]

FRAMES_PER_SECOND = 6.0
"""A third of what one replica can do on a core that it has to share."""
BURST = 600
"""Enough that each replica is in the midst of a batch for seconds, on a machine that judges 200 a second too."""
RECOVERED = int(3 * FRAMES_PER_SECOND)
"""Frames in flight from which on lag counts as recovered: three seconds of load."""
STARTED_SECONDS = 150.0
"""To start takes seconds of CPU: 105 s were seen on a machine with seven times the work that it has cores for."""
PATIENCE_SECONDS = 600.0
"""Of a slow machine, until a backlog is gone: nothing is told by how long it takes."""
FREEZES = 5
"""Most times that a replica is frozen, until it was in the midst of a batch: between two it has nothing to say late."""
STALE_AFTER_SECONDS = 10.0
PATIENCE_MS = STALE_AFTER_SECONDS * 200
OVERLOADED_SECONDS = 15.0
SETTLED_SECONDS = 4.0
"""Twice the patience: the queue that grew until overload was noticed is gone by then."""
CALM_FRAMES = 40
"""Several batches: what a frame costs is their average."""


@dataclass
class Shared:
    """What came of the replicas. ``seconds`` are from what happened until it was mended; ``survivor`` still runs."""

    captured: list[FrameId]
    group: Group
    survivor: Replica
    outcomes: Outcomes
    seconds: dict[str, float]


@dataclass
class Overloaded:
    """What came of three times as many frames as can be judged.

    ``stopped`` and ``in_flight``: outcomes and what was in flight once the replica had stopped. Then ``deleted`` of the
    frames in flight were deleted, and another replica did the rest: ``ended``.
    """

    frames_per_second: float
    began_ms: int
    captured_when_stopped: int
    stopped: Outcomes
    in_flight: int
    deleted: int = 0
    captured: list[FrameId] = field(default_factory=list)
    ended: Outcomes = field(default_factory=dict)


@pytest.fixture(scope="module")
def kafka(tmp_path_factory: pytest.TempPathFactory) -> Iterator[KafkaSettings]:
    with running_broker(tmp_path_factory.mktemp("broker")) as kafka:
        yield kafka


@pytest.fixture(scope="module")
def shared(kafka: KafkaSettings, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Shared]:
    """Two share, a third joins, one is killed, one frozen and thawed."""
    folder, registry = tmp_path_factory.mktemp("shared"), make_cameras("shared", 8, 24, stale_after_seconds=3_600.0)
    publish(kafka, registry)
    cameras, group, seconds = Cameras(kafka, registry), Group(kafka), dict[str, float]()

    def mended(what: str, since: float) -> None:
        wait_for(lambda: group.in_flight() <= RECOVERED, f"{what}: lag recovers", PATIENCE_SECONDS)
        seconds[f"{what}, lag recovered"] = time.monotonic() - since

    def shared_by(members: int, what: str, since: float) -> None:
        wait_for(lambda: group.shared_by(members), f"{what}: {members} members share the partitions", PATIENCE_SECONDS)
        seconds[f"{what}, {members} share"] = time.monotonic() - since

    def in_the_midst_of_a_burst(replica: Replica) -> None:
        _, before = replica.judged()
        cameras.add(BURST)

        def is_at_work() -> bool:
            return group.in_flight() > BURST * 0.3 and replica.judged()[1] >= before + 8

        wait_for(is_at_work, f"{replica.name} is at work on a burst", PATIENCE_SECONDS)

    with Replica(kafka, "one", folder, poll_frames="32") as one, Replica(kafka, "two", folder, poll_frames="32") as two:
        began = time.monotonic()
        wait_for(lambda: one.ready() and two.ready(), "both are ready", STARTED_SECONDS)
        shared_by(2, "start", began)
        cameras.start(FRAMES_PER_SECOND)
        began = time.monotonic()
        with Replica(kafka, "three", folder) as three:
            wait_for(three.ready, "the third is ready", STARTED_SECONDS)
            shared_by(3, "join", began)
            in_the_midst_of_a_burst(one)
            began = time.monotonic()
            one.signal(signal.SIGKILL)
            shared_by(2, "kill", began)
            mended("kill", began)
            for _ in range(FREEZES):
                in_the_midst_of_a_burst(two)
                began = time.monotonic()
                two.signal(signal.SIGSTOP)
                shared_by(1, "freeze", began)
                mended("freeze", began)
                began = time.monotonic()
                two.signal(signal.SIGCONT)
                shared_by(2, "thaw", began)
                if repeated(outcomes_by_frame(kafka, "shared-")):
                    break
            cameras.stop()
            wait_for(lambda: group.in_flight() == 0, "no lag", PATIENCE_SECONDS)
            two.stop()
            yield Shared(cameras.captured, group, three, outcomes_by_frame(kafka, "shared-"), seconds)


@pytest.fixture(scope="module")
def overloaded(kafka: KafkaSettings, shared: Shared, tmp_path_factory: pytest.TempPathFactory) -> Overloaded:
    """One replica, 2 x 2 tiles: a frame takes a tenth of a second, and three times as many come."""
    calm = make_cameras("calm", 4, 0, stale_after_seconds=3_600.0, tiles="2x2")
    registry = make_cameras("busy", 4, 8, STALE_AFTER_SECONDS, tiles="2x2")
    publish(kafka, [*calm, *registry])
    cameras, group, replica = Cameras(kafka, registry, spoilt_every=25), shared.group, shared.survivor
    wait_for(lambda: group.shared_by(1), "it is alone")
    per_second = 3.0 * judged_per_second(replica, Cameras(kafka, calm), group)
    began_ms = now_ms()
    cameras.start(per_second)
    time.sleep(OVERLOADED_SECONDS)
    replica.stop()
    left = group.in_flight()
    wait_for(lambda: group.in_flight() > left, "frames come, and nobody takes them", PATIENCE_SECONDS)
    cameras.stop()
    story = Overloaded(
        per_second, began_ms, len(cameras.captured), outcomes_by_frame(kafka, "busy-"), group.in_flight()
    )
    story.deleted = delete_frames_in_flight(kafka, group)
    cameras.send(len(registry))  # a later frame of each camera tells that some were never seen
    with Replica(kafka, "after", tmp_path_factory.mktemp("after")) as after:
        wait_for(after.ready, "another is ready", STARTED_SECONDS)
        wait_for(lambda: group.in_flight() == 0, "the rest is done", PATIENCE_SECONDS)
        after.stop()
    story.captured, story.ended = cameras.captured, outcomes_by_frame(kafka, "busy-")
    return story


def judged_per_second(replica: Replica, cameras: Cameras, group: Group) -> float:
    """Measure what a replica can do."""
    seconds, frames = replica.judged()
    cameras.send(CALM_FRAMES)
    wait_for(lambda: group.in_flight() == 0, "what a frame costs is known", PATIENCE_SECONDS)
    seconds_after, frames_after = replica.judged()
    return (frames_after - frames) / (seconds_after - seconds)


def delete_frames_in_flight(kafka: KafkaSettings, group: Group) -> int:
    """Delete, as retention would, half of what is in flight in the fullest partition; give how many that are."""
    partition, (_, committed, end) = max(group.places().items(), key=lambda place: place[1][2] - place[1][1])
    until = committed + (end - committed + 1) // 2
    admin = AdminClient(kafka.client_config())
    for future in admin.delete_records([TopicPartition(FRAMES.name, partition, until)]).values():
        future.result(timeout=20)
    return until - committed


def test_no_frame_is_lost_and_each_has_one_outcome_whoever_dies_or_freezes(shared: Shared) -> None:
    assert set(shared.outcomes) == set(shared.captured)
    ids = [{event.event_id for event in events} for events in shared.outcomes.values()]
    assert {len(each) for each in ids} == {1}
    assert all(isinstance(event, FrameDetections) for events in shared.outcomes.values() for event in events)


def test_what_a_thawed_replica_says_late_is_what_its_heir_has_said(shared: Shared) -> None:
    twice = repeated(shared.outcomes)
    print(f"{len(shared.captured)} frames, {len(twice)} of them judged more than once")
    assert twice, "a replica that was frozen in the midst of a batch delivers it when it goes on"
    for events in twice:
        assert len({msgspec.json.encode(undated(event)) for event in events}) == 1


def test_committed_offsets_never_go_back(shared: Shared) -> None:
    assert shared.group.went_back == set()
    assert len(shared.group.places()) == PARTITIONS_COUNT


def test_partitions_are_shared_anew_and_lag_recovers(shared: Shared) -> None:
    print("; ".join(f"{what} after {seconds:.1f} s" for what, seconds in shared.seconds.items()))
    assert list(shared.seconds) == [
        "start, 2 share",
        "join, 3 share",
        "kill, 2 share",
        "kill, lag recovered",
        "freeze, 1 share",
        "freeze, lag recovered",
        "thaw, 2 share",
    ]


def repeated(outcomes: Outcomes) -> list[list[FrameOutcome]]:
    """Return what was said of frames of which something was said more than once."""
    return [events for events in outcomes.values() if len(events) > 1]


def undated(event: FrameOutcome) -> FrameOutcome:
    assert isinstance(event, FrameDetections)
    return msgspec.structs.replace(event, detected_at_ms=0)


def settled(overloaded: Overloaded) -> list[FrameOutcome]:
    """Give what was said of frames that came once overload had lasted for some seconds."""
    from_ms = overloaded.began_ms + SETTLED_SECONDS * 1000
    firsts = [events[0] for events in overloaded.stopped.values()]
    return [each for each in firsts if each.frame.appended_at_ms >= from_ms]


def served_of(outcomes: list[FrameOutcome]) -> list[FrameDetections]:
    return [each for each in outcomes if isinstance(each, FrameDetections)]


def test_under_three_times_the_load_what_is_served_is_fresh(overloaded: Overloaded) -> None:
    ages_ms = [event.detected_at_ms - event.frame.appended_at_ms for event in served_of(settled(overloaded))]
    print(
        f"{overloaded.frames_per_second:.1f} frames a second came; "
        f"{len(ages_ms)} frames served in {OVERLOADED_SECONDS - SETTLED_SECONDS:g} s at an age of "
        f"{quantile(ages_ms, 0.5):.0f} ms (median), {quantile(ages_ms, 0.95):.0f} ms (95 %), {max(ages_ms)} ms (most)"
    )
    assert quantile(ages_ms, 0.95) <= PATIENCE_MS + 1_000


def test_under_three_times_the_load_the_urgent_class_is_served_first_and_no_camera_starves(
    overloaded: Overloaded,
) -> None:
    frames = Counter(is_urgent(event.camera_id) for event in settled(overloaded))
    served = Counter(is_urgent(event.camera_id) for event in served_of(settled(overloaded)))
    urgent, lower = served[True] / frames[True], served[False] / frames[False]
    share = served[False] / served.total()
    print(f"served of class 0: {urgent:.0%}, of class 1: {lower:.0%}; class 1 had {share:.0%} of what was served")
    assert urgent >= 2 * lower
    assert share >= 0.12
    assert reasons(overloaded.stopped)["overload"] > 0
    seen = {camera for (camera, _), events in overloaded.stopped.items() if isinstance(events[0], FrameDetections)}
    assert seen == {camera for camera, _ in overloaded.captured}


def is_urgent(camera_id: str) -> bool:
    return camera_id.startswith("busy-u")


def reasons(outcomes: Outcomes) -> Counter[str]:
    firsts = [events[0] for events in outcomes.values()]
    return Counter(each.reason if isinstance(each, FrameShed) else "detected" for each in firsts)


def test_captured_is_detected_and_shed_and_dead_lettered_and_expired_and_in_flight(overloaded: Overloaded) -> None:
    stopped, ended, in_flight = overloaded.stopped, overloaded.ended, overloaded.in_flight
    print(f"when stopped: {dict(reasons(stopped))}, {in_flight} in flight, of {overloaded.captured_when_stopped}")
    assert in_flight > 0
    assert overloaded.captured_when_stopped == reasons(stopped).total() + in_flight
    expired = expired_count(ended)
    print(f"at the end: {dict(reasons(ended))}, {expired} expired, none in flight, of {len(overloaded.captured)}")
    assert overloaded.deleted > 0
    assert expired == overloaded.deleted
    assert len(overloaded.captured) == reasons(ended).total() + expired
    assert sum(reasons(ended)[reason] for reason in DEAD_LETTER_REASONS) > 0


def test_who_stops_in_order_leaves_no_frame_two_outcomes(overloaded: Overloaded) -> None:
    """Only after a kill may a frame that was detected be shed too, or the other way round."""
    ids = [{event.event_id for event in events} for events in overloaded.ended.values()]
    assert {len(each) for each in ids} == {1}


def expired_count(outcomes: Outcomes) -> int:
    """Count the numbers below a camera's last one that have no outcome: nobody judged those frames."""
    last: dict[str, int] = {}
    for camera, sequence in outcomes:
        last[camera] = max(last.get(camera, 0), sequence)
    return sum(sequence + 1 for sequence in last.values()) - len(outcomes)
