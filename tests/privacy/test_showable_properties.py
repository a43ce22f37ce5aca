"""However events and verdicts come against each other, repeated, late or lost: nothing is shown that must not be."""

from __future__ import annotations

from hypothesis import given, settings
from hypothesis import strategies as st

from schemas.camera_events import FrameDetections
from schemas.verdicts import SceneVerdicts
from tests.aggregate.make_events import CAMERA_ID, make_frame, ms, person
from tests.privacy.make_verdicts import make_showable, make_verdict, shown_sequences

SECONDS = 12
Told = FrameDetections | SceneVerdicts


def told(held: set[int], quarantine: tuple[int, int] | None) -> tuple[list[FrameDetections], list[SceneVerdicts]]:
    """Give a frame and a verdict each second; held ones, and a quarantine from a second to the verdict of another."""
    verdicts = []
    for second in range(SECONDS):
        in_quarantine = quarantine is not None and quarantine[0] <= second <= quarantine[1]
        verdicts.append(
            make_verdict(
                second - 1,
                second,
                held=[(second, second)] if second in held else [],
                quarantined_from=quarantine[0] if quarantine and in_quarantine else None,
            )
        )
    return [make_frame(second, [person(0.5)]) for second in range(SECONDS)], verdicts


@st.composite
def stories(draw: st.DrawFn) -> tuple[list[Told], set[int], set[int]]:
    """Give events and verdicts interleaved, those that were lost, and those that may never be shown."""
    held = draw(st.sets(st.integers(0, SECONDS - 1), max_size=4))
    quarantine = draw(st.none() | st.tuples(st.integers(0, 8), st.integers(0, 11)))
    frames, verdicts = told(held, quarantine)
    lost = draw(st.sets(st.integers(0, SECONDS - 1), max_size=4))
    events: list[Told] = [frame for frame in frames if frame.sequence not in lost]
    events += draw(
        st.lists(st.sampled_from(frames), max_size=4).map(lambda repeats: [r for r in repeats if r in events])
    )
    place = draw(st.permutations([True] * len(events) + [False] * len(verdicts)))
    story: list[Told] = []
    rest: tuple[list[Told], list[Told]] = ([*events], [*verdicts])
    for is_event in place:
        story.append(rest[0 if is_event else 1].pop(0))
    withdrawn: set[int] = set()
    if quarantine is not None and quarantine[0] <= quarantine[1]:
        withdrawn = set(range(quarantine[0], quarantine[1] + 1))
    return story, lost, held | withdrawn


@settings(max_examples=60, deadline=None)
@given(stories())
def test_no_interleaving_shows_what_is_lost_held_or_withdrawn(story: tuple[list[Told], set[int], set[int]]) -> None:
    messages, lost, banned = story
    showable = make_showable()
    given_out: list[int] = []
    seen: set[int] = set()
    judged: set[int] = set()
    for message in messages:
        if isinstance(message, FrameDetections):
            showable.take_event(message)
            seen.add(message.sequence)
        else:
            given_out += [frame.sequence for frame in showable.take_verdicts(message)]
            judged.add((message.cameras[0].through_ms - ms(0)) // 1000)
        now = set(shown_sequences(showable))
        assert now <= seen & judged
        found = {second for second in range(SECONDS) if showable.find(CAMERA_ID, 1, second) is not None}
        assert found == now, "what is found by its number is what is listed"
    given_out += [frame.sequence for frame in showable.collect()]
    shown = shown_sequences(showable)
    assert not set(shown) & (banned | lost)
    assert shown == sorted(set(shown))
    assert len(given_out) == len(set(given_out)), "each is given out once"
    assert set(shown) <= set(given_out)
    expected = set(range(max(seen, default=0) - 1)) - banned - lost
    assert expected <= set(shown), "and nothing is kept back for ever"
    assert all(frame.hidden for frame in showable.frames(CAMERA_ID, 0, ms(99)))


@settings(max_examples=60, deadline=None)
@given(st.permutations(range(SECONDS)))
def test_in_whatever_order_events_come_neighbours_are_hidden_or_the_frame_waits(order: list[int]) -> None:
    """A frame is shown once what was found before and after it is known, or lost."""
    showable = make_showable()
    showable.take_verdicts(make_verdict(-1, SECONDS))
    known: set[int] = set()
    for second in order:
        showable.take_event(make_frame(second, [person((second + 1) / 20)] if second % 2 else []))
        known.add(second)
        for frame in showable.collect():
            waited_for = {frame.sequence - 1, frame.sequence + 1} & set(range(SECONDS))
            assert waited_for <= known or max(known) >= frame.sequence + 2
