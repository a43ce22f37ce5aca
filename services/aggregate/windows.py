"""Minute windows of a camera: their rows when they are drained, and their end when they are an hour old."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Final

from schemas.camera_events import FrameOutcome
from schemas.table import Row
from services.aggregate.accounting import counters_row
from services.aggregate.observation import MINUTE_MS
from services.aggregate.rows import CaptureCountersRow
from services.aggregate.rules import camera, counter, flood, parking
from services.aggregate.state import CameraState
from services.aggregate.unsaved import Unsaved

LATENESS_MS: Final = 60 * MINUTE_MS
"""How long after its end a minute still takes late frames."""


def roll(state: CameraState, unsaved: Unsaved) -> None:
    """Let go of minutes that take no late frames any more, and of epochs that have been silent for as long."""
    rolled = max(state.latest_ms, 0) // MINUTE_MS + state.activity_ms // MINUTE_MS
    if rolled == state.rolled:
        return
    state.rolled = rolled
    state.oldest_minute = max(state.oldest_minute, (state.watermark_ms - LATENESS_MS) // MINUTE_MS)
    _let_minutes_go(state, unsaved)
    _let_epochs_go(state, unsaved)


def drain_rows(states: dict[str, CameraState], unsaved: Unsaved) -> dict[str, list[Row]]:
    """Give the finished rows, and those of all changed minutes and epochs, by table."""
    for camera_id, minutes in unsaved.minutes.items():
        _add_minute_rows(states[camera_id], sorted(minutes), unsaved)
    for camera_id, epochs in unsaved.epochs.items():
        _add_counter_rows(states[camera_id], epochs, unsaved)
    for row in unsaved.published.values():
        unsaved.rows[row.TABLE].append(row)
    return {table: rows for table, rows in unsaved.rows.items() if rows}


def takes(state: CameraState, minute: int, skewed: bool) -> bool:
    """Tell whether a minute still takes a frame.

    A minute is let go an hour after its end, by the watermark. One ahead of the latest capture time, to which a frame
    with a wrong clock was put because Kafka took it then, might never be reached by it: it goes by Kafka's clock.
    """
    if skewed and minute > state.latest_ms // MINUTE_MS:
        return minute >= _oldest_ahead(state)
    return minute >= state.oldest_minute


def settle_too_late(state: CameraState, event: FrameOutcome) -> None:
    """Settle an epoch up to a frame that came too late, unless minutes that are still held have frames of it.

    Those settle it when they are let go. An epoch whose frames are all too late is in no minute: its ledger would grow.
    """
    if any(event.owner_epoch in window.tops for window in state.minutes.values()):
        return
    for ledger in state.epochs:
        if ledger.epoch == event.owner_epoch:
            ledger.settle_below(event.sequence + 1)


def _oldest_ahead(state: CameraState) -> int:
    return (state.activity_ms - LATENESS_MS) // MINUTE_MS


def _let_minutes_go(state: CameraState, unsaved: Unsaved) -> None:
    latest, oldest, oldest_ahead = state.latest_ms // MINUTE_MS, state.oldest_minute, _oldest_ahead(state)
    observed = _being_observed(state)
    old = [m for m in state.minutes if m < oldest or (m > latest and m < oldest_ahead)]
    gone = [m for m in old if m not in observed]
    if not gone:
        return
    changed = unsaved.minutes[state.camera_id]
    _add_minute_rows(state, sorted(changed.intersection(gone)), unsaved)
    changed.difference_update(gone)
    for minute in gone:
        for epoch, top in state.minutes.pop(minute).tops.items():
            for ledger in state.epochs:
                if ledger.epoch == epoch:
                    ledger.settle_below(top)
    first_kept = min(oldest, observed.start) if observed else oldest
    counter.forget_before(state.counter, first_kept)
    parking.forget_before(state.parking, first_kept)
    flood.forget_before(state.flood, first_kept)
    camera.forget_before(state.camera, first_kept)


def _being_observed(state: CameraState) -> range:
    """Give the minutes that the latest judged frame may still observe: known only once the next one is judged."""
    last = state.observation
    if last.at_ms < 0:
        return range(0)
    return range(last.at_ms // MINUTE_MS, (last.at_ms + last.observes_most_ms) // MINUTE_MS + 1)


def _let_epochs_go(state: CameraState, unsaved: Unsaved) -> None:
    """Let go of epochs that a newer one has followed, and that have been silent for the lateness.

    Only once the newest one has been there for a while: its first frame may overtake the last ones of the epoch before,
    and after an outage of more than an hour these must still find their ledger.
    """
    newest = max(state.epochs, key=lambda ledger: ledger.epoch, default=None)
    if newest is None or newest.since_ms + MINUTE_MS > state.activity_ms:
        return
    gone = {
        ledger.epoch
        for ledger in state.epochs
        if ledger is not newest and ledger.active_ms + LATENESS_MS < state.activity_ms
    }
    if not gone:
        return
    changed = unsaved.epochs[state.camera_id]
    _add_counter_rows(state, gone & changed, unsaved)
    changed -= gone
    state.dropped_epoch = max(state.dropped_epoch, *gone)
    state.epochs = [ledger for ledger in state.epochs if ledger.epoch not in gone]


def _add_minute_rows(state: CameraState, minutes: Iterable[int], unsaved: Unsaved) -> None:
    camera_id, version = state.camera_id, state.offset
    for minute in minutes:
        window = state.minutes.get(minute)
        valid = camera.is_valid(state.camera, minute)
        built: list[Row] = [] if window is None else [window.row(camera_id, minute, valid, version)]
        built += counter.rows(state.counter, camera_id, minute, valid, version)
        built += parking.rows(state.parking, camera_id, minute, valid, version)
        built += flood.rows(state.flood, camera_id, minute, valid, version)
        for row in built:
            unsaved.rows[row.TABLE].append(row)


def _add_counter_rows(state: CameraState, epochs: Iterable[int], unsaved: Unsaved) -> None:
    for ledger in state.epochs:
        if ledger.epoch in epochs:
            row = counters_row(state.camera_id, ledger, state.offset)
            unsaved.rows[CaptureCountersRow.TABLE].append(row)
