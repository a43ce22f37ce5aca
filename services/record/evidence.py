"""Copy the frames that an episode names, before Kafka's retention takes them, and say so in the chain of their day.

::

    episode ─► which frames, and why ─► in the chain? ─► read by coordinates ─► original, sealed; public ─► chain
                                             └─► the store is away: read meanwhile, and held for the next attempt

An episode's messages are absolute, so what is new in one shows in the chain: a frame that it does not speak of yet. A
frame that Kafka no longer holds gets an entry that says so. The form in which people are hidden is kept where the frame
may be shown; whether the public sees it is for the portal to say (of a parking case it never does).
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Mapping, Sequence
from typing import NamedTuple

from msgspec import UNSET, UnsetType

from schemas.camera_events import FrameCoordinates
from schemas.cameras import Camera
from schemas.codec import ContractError
from schemas.episodes import Episode, EvidenceFrame
from schemas.frames import FrameHeaders
from schemas.geometry import BoxXyxy, Polygon
from schemas.recordings import ChainEntry, EvidenceKept, EvidenceMoment, EvidenceRole, GapReason, StoredFile, day_of
from schemas.verdicts import SKEW_MS
from services.privacy.anonymise import anonymise_jpeg
from services.privacy.burning import burnt_jpeg
from services.privacy.private_zones import private_since
from services.privacy.showable import NEIGHBOUR_MS
from services.record.chain import Chains
from services.record.filing import Filing
from services.record.index_rows import rows_of
from services.record.minute_videos import is_too_large
from services.record.recording import Stored, entries_in
from services.runtime.camera_registry import CameraRevisions
from services.runtime.errors import InvalidMessageError, RetryableError
from services.runtime.kafka import ConsumedRecord
from services.runtime.records_at import RecordsAt

_KAFKA_SECONDS = 20.0
_MOST_KNOWN = 100_000
"""Frames of episodes that are remembered, so that not each message of a long one reads its chains again."""
_MOST_HELD_BYTES = 32 << 20
"""Frames that are held from one attempt to the next; the oldest are let go, and read again if Kafka still has them."""
_BURNT_QUALITY = 95
"""Of the JPEG between what is private now and the public form: what it loses is not seen in that."""
NO_LONGER_HELD = "Kafka no longer held the frame"
_ANOTHER = "another frame lies at its coordinates"

_LONGEST_WAIT_SECONDS = 120.0
"""Of a camera with fewer pictures than that the newest frame is copied without a public form: Kafka soon deletes it."""
_VERDICT_SECONDS = 2.0

Hidden = Mapping[int, tuple[BoxXyxy, ...] | GapReason]
"""By offset of a frame: the normalised boxes whose pixels are destroyed, or why it may not be shown."""
AskHidden = Callable[[], Hidden]
"""Gives that as it is now, to any thread."""


class NamedFrame(NamedTuple):
    """A frame that an episode names, and as what."""

    frame: EvidenceFrame
    roles: tuple[EvidenceRole, ...]


def named_frames(episode: Episode) -> list[NamedFrame]:
    """Give the frames to be copied. The last one moves while an episode is open, so it is copied at its end.

    One that claims to be of the future is left out, as its minute leaves it out.
    """
    roles: dict[str, tuple[EvidenceFrame, list[EvidenceRole]]] = {}
    named: list[tuple[EvidenceRole, EvidenceFrame]] = [("first", episode.first), ("best", episode.best)]
    if moment_of(episode) != "changed":
        named.append(("last", episode.last))
    for role, frame in named:
        if frame.captured_at_ms > frame.frame.appended_at_ms + SKEW_MS:
            continue
        roles.setdefault(frame.event_id, (frame, []))[1].append(role)
    return [NamedFrame(frame, tuple(said)) for frame, said in roles.values()]


def moment_of(episode: Episode) -> EvidenceMoment:
    """Give what has happened to an episode at this revision, as far as one message tells."""
    if episode.review == "confirmed":
        return "confirmed"
    if episode.phase == "ended":
        return "closed"
    return "opened" if episode.revision == 1 else "changed"


class Evidence:
    """See the file's head. Safe to use from several threads, one at a time for each episode. Blocks.

    Args:
        filing: Stores files.
        chains: The chains of the same store.
        records: Reads frames out of Kafka.
        revisions: Of cameras: what is private by the time a frame is stored is black in its public form.
    """

    def __init__(self, filing: Filing, chains: Chains, records: RecordsAt, revisions: CameraRevisions) -> None:
        self._filing = filing
        self._chains = chains
        self._records = records
        self._revisions = revisions
        self._known: set[tuple[str, str]] = set()
        self._held: dict[FrameCoordinates, ConsumedRecord] = {}
        self._lock = threading.Lock()

    def keep(self, episode: Episode, hidden: AskHidden) -> Stored:
        """Copy what is not copied yet, and give its rows; none of frames that this process has dealt with before.

        Where that fails, the frames are held, so that the next attempt has them though Kafka may not.

        Args:
            episode: One message of it.
            hidden: Of its frames; asked right before one is stored, for it may be withdrawn by then.

        Raises:
            RetryableError: Kafka or the store is away. Can be done again.
            ConfigurationError: The key that seals originals can't be read.
        """
        if len(self._known) > _MOST_KNOWN:
            self._known.clear()
        new = [one for one in named_frames(episode) if (episode.episode_id, one.frame.event_id) not in self._known]
        try:
            stored = self._kept(episode, new, hidden)
        except RetryableError:
            self._hold([one.frame.frame for one in new])
            raise
        with self._lock:
            for one in new:
                self._held.pop(one.frame.frame, None)
        return stored

    def _kept(self, episode: Episode, new: Sequence[NamedFrame], hidden: AskHidden) -> Stored:
        facts: list[EvidenceKept] = []
        entries: list[ChainEntry] = []
        for named in new:
            day = day_of(named.frame.captured_at_ms)
            known = entries_in(self._chains, episode.camera_id, day)
            there = [entry for entry in known if entry is not None and _is_of(entry, episode, named)]
            if not there:
                fact = self._copied(episode, named, hidden)
                there = [one.entry for one in self._chains.append(episode.camera_id, day, [fact])]
                facts.append(fact)
            entries += there
            self._known.add((episode.episode_id, named.frame.event_id))
        return Stored(rows_of(entries), list(facts))

    def _hold(self, places: Sequence[FrameCoordinates]) -> None:
        """Hold frames as far as Kafka gives them, the oldest ones let go where there is no room."""
        for place in places:
            try:
                record = self._read(place)
            except RetryableError:
                return
            with self._lock:
                if record is not None:
                    self._held[place] = record
                while sum(len(one.value) for one in self._held.values()) > _MOST_HELD_BYTES:
                    del self._held[next(iter(self._held))]

    def _read(self, place: FrameCoordinates) -> ConsumedRecord | None:
        with self._lock:
            held = self._held.get(place)
        if held is not None:
            return held
        return self._records.read(place.topic, place.partition, place.offset, _KAFKA_SECONDS)

    def _copied(self, episode: Episode, named: NamedFrame, hidden: AskHidden) -> EvidenceKept:
        place = named.frame.frame
        record = self._read(place)
        headers = None if record is None else _headers_of(record, episode, named.frame)
        missing = NO_LONGER_HELD if record is None else _ANOTHER if headers is None else ""
        files: Sequence[StoredFile] = ()
        withheld: GapReason | UnsetType = UNSET
        if record is not None and headers is not None:
            files, withheld = self._files(episode, named.frame, record.value, headers.camera_revision, hidden)
        moment = moment_of(episode)
        return EvidenceKept(
            episode_id=episode.episode_id,
            revision=episode.revision,
            moment="peaked" if moment == "changed" and "best" in named.roles else moment,
            roles=named.roles,
            event_id=named.frame.event_id,
            captured_at_ms=named.frame.captured_at_ms,
            frame=place,
            files=tuple(files),
            missing=missing,
            simulated=episode.simulated,
            camera_revision=UNSET if headers is None else headers.camera_revision,
            withheld=withheld,
        )

    def _files(
        self, episode: Episode, frame: EvidenceFrame, jpeg: bytes, revision: int, hidden: AskHidden
    ) -> tuple[list[StoredFile], GapReason | UnsetType]:
        """Store a frame's forms, and say why there is no public one."""
        camera_id, at_ms, event_id = episode.camera_id, frame.captured_at_ms, frame.event_id
        files = [self._filing.keep_frame(camera_id, at_ms, event_id, "original", jpeg)]
        boxes, newest = hidden().get(frame.frame.offset, "not_judged"), self._revisions.latest(camera_id)
        if isinstance(boxes, str):
            return files, boxes
        public = None
        if newest is not None:
            public = public_form(jpeg, boxes, private_since(newest, self._revisions.find(camera_id, revision)))
        if public is None:
            return files, "failed"
        files.append(self._filing.keep_frame(camera_id, at_ms, event_id, "public", public))
        return files, UNSET


def evidence_wait(least_seconds: float, camera: Camera | None) -> float:
    """Give how long after a change of an episode its newest frame is judged whole, in seconds: once the next one is."""
    if camera is None:
        return least_seconds
    judged = (camera.sampling_period_ms + NEIGHBOUR_MS) / 1000 + _VERDICT_SECONDS
    return max(least_seconds, min(judged, _LONGEST_WAIT_SECONDS))


def public_form(jpeg: bytes, hidden: Sequence[BoxXyxy], private: tuple[Polygon, ...] = ()) -> bytes | None:
    """Give a frame with people hidden and ``private`` black.

    None where there is nothing to show: it is no whole JPEG, or a huge one.
    """
    try:
        return None if is_too_large(jpeg) else anonymise_jpeg(burnt_jpeg(jpeg, private, _BURNT_QUALITY), hidden)
    except (ValueError, InvalidMessageError):
        return None


def _is_of(entry: ChainEntry, episode: Episode, named: NamedFrame) -> bool:
    fact = entry.fact
    return (
        isinstance(fact, EvidenceKept)
        and fact.episode_id == episode.episode_id
        and fact.event_id == named.frame.event_id
    )


def _headers_of(record: ConsumedRecord, episode: Episode, frame: EvidenceFrame) -> FrameHeaders | None:
    """Give a frame's headers; None: it is another one. A topic that was made anew has others at the same offsets."""
    try:
        headers = FrameHeaders.from_kafka(record.headers)
    except ContractError:
        return None
    same = record.key == episode.camera_id.encode() and headers.captured_at_ms == frame.captured_at_ms
    return headers if same else None
