"""A camera's story: what its readers reported, made into moments with what was captured until the next one. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence

from msgspec import Struct, structs

from services.cli.cameras.store import Ownership, StatusRow

_PAUSED = ("backing_off", "refused")


class Moment(Struct, frozen=True, kw_only=True):
    """Something that became so at ``at_ms`` and stayed so until ``until_ms`` (ms since 1970).

    ``event`` is the camera's state, or what became of an owner: ``owner``, ``released``, ``superseded``, ``silent``.
    ``captured``, ``missed`` (by reason), ``bytes`` and ``reconnects`` count what came until then.
    """

    at_ms: int
    until_ms: int
    event: str
    why: str = ""
    owner: str = ""
    owner_epoch: int = 0
    captured: int = 0
    missed: Mapping[str, int] = {}
    bytes: int = 0
    reconnects: int = 0


def tell(rows: Sequence[StatusRow], owners: Mapping[int, Ownership], now_ms: int) -> list[Moment]:
    """Give the moments of ``rows``, which come epoch by epoch, each in order of time."""
    moments: list[Moment] = []
    epochs = _by_epoch(rows)
    for index, epoch in enumerate(epochs):
        ownership = owners.get(epoch[0].owner_epoch)
        still_owned = index == len(epochs) - 1 and (ownership is None or ownership.ended == "owned")
        last_ms = now_ms if still_owned else epoch[-1].at_ms
        moments += [_owner(epoch[0]), *_folded(list(_states(epoch, last_ms)))]
        if ownership is not None and ownership.ended != "owned":
            moments.append(_end(epoch[-1], ownership))
    return moments


def _by_epoch(rows: Iterable[StatusRow]) -> list[list[StatusRow]]:
    epochs: dict[int, list[StatusRow]] = {}
    for row in rows:
        epochs.setdefault(row.owner_epoch, []).append(row)
    return list(epochs.values())


def _owner(first: StatusRow) -> Moment:
    why = f"registry revision {first.camera_revision}"
    return Moment(
        at_ms=first.at_ms,
        until_ms=first.at_ms,
        event="owner",
        why=why,
        owner=first.ingest_instance,
        owner_epoch=first.owner_epoch,
    )


def _end(last: StatusRow, ownership: Ownership) -> Moment:
    whys = {
        "released": "the worker let it go",
        "superseded": _superseded(ownership),
        "silent": "the worker says nothing any more",
    }
    why = whys.get(ownership.ended, ownership.ended)
    if ownership.gap_seconds > 0:
        why += f"; {ownership.gap_seconds:.1f} s until the next owner"
    elif ownership.gap_seconds < 0:
        why += f"; the next one had owned it for {-ownership.gap_seconds:.1f} s: its frames rule"
    return Moment(
        at_ms=ownership.ended_ms or last.at_ms,
        until_ms=ownership.ended_ms or last.at_ms,
        event=ownership.ended,
        why=why,
        owner=ownership.ingest_instance,
        owner_epoch=ownership.owner_epoch,
    )


def _superseded(ownership: Ownership) -> str:
    after = ownership.next_instance
    if after and after == ownership.ingest_instance:
        return "the same worker went on under a new epoch, as after a failed delivery or when it was started anew"
    return f"{after or 'another worker, not known,'} took over; this one had not let go"


def _states(epoch: Sequence[StatusRow], last_ms: int) -> Iterator[Moment]:
    """Give a moment for each run of reports that say the same; what came after a report belongs to its moment."""
    begun: Moment | None = None
    before: StatusRow | None = None
    for row in epoch:
        if begun is not None and before is not None:
            begun = _grown(begun, before, row)
            if not _alike(before, row):
                yield begun
        if before is None or not _alike(before, row):
            begun = _begin(row)
        before = row
    if begun is not None:
        yield structs.replace(begun, until_ms=max(begun.at_ms, last_ms))


def _folded(moments: Sequence[Moment]) -> list[Moment]:
    """Make one moment of tries to connect that fail again in the same way; else a night's outage fills the screen."""
    told: list[Moment] = []
    for moment in moments:
        tried = told[-1] if told and told[-1].event == "connecting" else None
        failed = told[-2] if len(told) > 1 else None
        if tried and failed and moment.event in _PAUSED and (moment.event, moment.why) == (failed.event, failed.why):
            told[-2:] = [_joined(_joined(failed, tried), moment)]
        else:
            told.append(moment)
    return told


def _joined(first: Moment, then: Moment) -> Moment:
    reasons = {*first.missed, *then.missed}
    return structs.replace(
        first,
        until_ms=then.until_ms,
        captured=first.captured + then.captured,
        missed={reason: first.missed.get(reason, 0) + then.missed.get(reason, 0) for reason in reasons},
        bytes=first.bytes + then.bytes,
        reconnects=first.reconnects + then.reconnects,
    )


def _begin(row: StatusRow) -> Moment:
    return Moment(
        at_ms=row.at_ms,
        until_ms=row.at_ms,
        event=row.state,
        why=_why(row),
        owner=row.ingest_instance,
        owner_epoch=row.owner_epoch,
    )


def _grown(moment: Moment, before: StatusRow, after: StatusRow) -> Moment:
    missed = dict(moment.missed)
    for reason, count in after.missed.items():
        if (more := count - before.missed.get(reason, 0)) > 0:
            missed[reason] = missed.get(reason, 0) + more
    return structs.replace(
        moment,
        until_ms=after.at_ms,
        captured=moment.captured + max(0, after.captured - before.captured),
        missed=missed,
        bytes=moment.bytes + max(0, after.bytes - before.bytes),
        reconnects=moment.reconnects + max(0, after.reconnects - before.reconnects),
    )


def _alike(before: StatusRow, after: StatusRow) -> bool:
    return (before.state, before.error_class, before.camera_revision, before.decoding) == (
        after.state,
        after.error_class,
        after.camera_revision,
        after.decoding,
    )


def _why(row: StatusRow) -> str:
    if row.error_class and row.state not in ("live", "stopped"):  # what was wrong before is not why it was stopped
        return f"{row.error_class}: {row.error_detail}" if row.error_detail else row.error_class
    if row.state != "live" or not row.decoding:
        return ""
    how = {"passthrough": "its JPEGs pass untouched", "keyframes": "keyframes are decoded", "all": "all is decoded"}
    told = how.get(row.decoding, row.decoding)
    return f"{told}, a keyframe each {row.keyframe_seconds:.3g} s" if row.keyframe_seconds else told
