"""What the record says of itself: entries of a camera's chain of one day, and the signed root of a day.

A chain is one line an entry: ``<hash> <canonical JSON>\\n``. The hash is the SHA-256 of that JSON, which has in it the
hash of the entry before. So an entry can't be changed, moved or taken out without each later hash being another one.
Docs: ``docs/record.md``; why: ADR 0017.
"""

from __future__ import annotations

import hashlib
from typing import Annotated, Literal

from msgspec import UNSET, Meta, Struct, UnsetType

from schemas.camera_events import Count, EventId, FrameCoordinates, Milliseconds, Sha256
from schemas.cameras import CameraId, IsoDate
from schemas.codec import JsonCodec
from schemas.times import local

ObjectKey = Annotated[str, Meta(pattern=r"^[a-z0-9][A-Za-z0-9._/-]{0,400}$(?!\n)")]
MaybeSha256 = Annotated[str, Meta(pattern=r"^([0-9a-f]{64})?$(?!\n)")]
MaybeDate = Annotated[str, Meta(pattern=r"^([0-9]{4}-[0-9]{2}-[0-9]{2})?$(?!\n)")]
KeyId = Annotated[str, Meta(pattern=r"^[0-9a-f]{16}$(?!\n)")]
Signature = Annotated[str, Meta(pattern=r"^[0-9a-f]{128}$(?!\n)")]
Revision = Annotated[int, Meta(ge=1)]
FileForm = Literal["public", "original"]
GapReason = Literal["no_frames", "held", "quarantined", "not_judged", "lost", "not_recorded", "failed"]
IndexedGap = Literal[GapReason, "deleted"]
"""Why the index has no pictures of a minute: what the chain says, or that its file was deleted since."""
EvidenceMoment = Literal["opened", "peaked", "closed", "confirmed", "changed"]
EvidenceRole = Literal["first", "best", "last"]
DeletionReason = Literal["retention", "rejected"]


class StoredFile(Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """A file of the record: where it lies, and what its bytes are.

    ``sha256`` and ``size`` are of the bytes as stored. Of an original, which is stored encrypted, ``plain_sha256`` is
    the SHA-256 of what was encrypted; of a public file it is empty. ``first_ms``, which a film's time 0 is, and
    ``last_ms`` are when its first and last picture were captured; of a JPEG, and of what was recorded before this was
    kept, they are not said.
    """

    key: ObjectKey
    form: FileForm
    media: Literal["video/mp4", "image/jpeg"]
    sha256: Sha256
    size: Count
    plain_sha256: MaybeSha256 = ""
    first_ms: Milliseconds | UnsetType = UNSET  # left out of the JSON: older lines stay canonical
    last_ms: Milliseconds | UnsetType = UNSET


class MinuteRecorded(Struct, frozen=True, forbid_unknown_fields=True, kw_only=True, tag="minute"):
    """A minute of pictures: those captured from ``minute_ms`` on, for 60 s.

    ``first_ms`` and ``last_ms`` are of the public form, where there is one; each file says its own. Of the public form
    are ``frame_count`` and two revisions of the camera: ``camera_revision``, the lowest under which a picture of it was
    captured, and ``private_revision``, whose private zones are black in all of them: the newest one when the minute was
    stored. What was recorded before these were kept does not say them.
    """

    minute_ms: Milliseconds
    first_ms: Milliseconds
    last_ms: Milliseconds
    frame_count: Count
    files: Annotated[tuple[StoredFile, ...], Meta(min_length=1, max_length=2)]
    simulated: bool = False
    camera_revision: Revision | UnsetType = UNSET  # left out of the JSON: older lines stay canonical
    private_revision: Revision | UnsetType = UNSET


class GapNoted(Struct, frozen=True, forbid_unknown_fields=True, kw_only=True, tag="gap"):
    """Nothing was recorded from ``from_ms`` until before ``until_ms``, and why."""

    from_ms: Milliseconds
    until_ms: Milliseconds
    reason: GapReason
    detail: Annotated[str, Meta(max_length=200)] = ""


class EvidenceKept(Struct, frozen=True, forbid_unknown_fields=True, kw_only=True, tag="evidence"):
    """A frame that an episode names was copied before Kafka's retention took it; or ``missing`` says why it was not.

    ``moment`` is what happened to the episode when it was copied, ``revision`` the episode's then. ``camera_revision``
    is the camera's that the frame was captured under: its private zones are burnt out of it; later ones, if they
    were known when it was stored, out of the public form alone. What was kept before this was, or is missing, does not
    say it. ``withheld`` says why there is no public form of a frame that is there.
    """

    episode_id: EventId
    revision: Revision
    moment: EvidenceMoment
    roles: Annotated[tuple[EvidenceRole, ...], Meta(min_length=1, max_length=3)]
    event_id: EventId
    captured_at_ms: Milliseconds
    frame: FrameCoordinates
    files: Annotated[tuple[StoredFile, ...], Meta(max_length=2)] = ()
    missing: Annotated[str, Meta(max_length=200)] = ""
    simulated: bool = False
    camera_revision: Revision | UnsetType = UNSET  # left out of the JSON: older lines stay canonical
    withheld: GapReason | UnsetType = UNSET


class IndexRange(Struct, frozen=True, forbid_unknown_fields=True, array_like=True):
    """Entries of the same chain, both included: ``[first, last]``."""

    first: Count
    last: Count


class FilesDeleted(Struct, frozen=True, forbid_unknown_fields=True, kw_only=True, tag="tombstone"):
    """The files of this form that ``entries`` name are deleted; what was said of them stays in the chain."""

    form: FileForm
    entries: Annotated[tuple[IndexRange, ...], Meta(min_length=1)]
    reason: DeletionReason
    kept_days: Count
    decided_by: Annotated[str, Meta(min_length=1, max_length=120)]
    detail: Annotated[str, Meta(max_length=500)] = ""


ChainFact = MinuteRecorded | GapNoted | EvidenceKept | FilesDeleted


class ChainEntry(Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """One entry. ``previous`` is the hash of the one before, or what ``chain_start`` gives for the first."""

    camera_id: CameraId
    day: IsoDate
    index: Count
    previous: Sha256
    at_ms: Milliseconds
    fact: ChainFact


class ChainHead(Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """How far a chain had come: its number of entries, and the hash of the last one."""

    camera_id: CameraId
    day: IsoDate
    entry_count: Annotated[int, Meta(ge=1)]
    last_hash: Sha256


class DailyRoot(Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """What the city commits to at the end of a day: the Merkle root over the heads of all chains that grew.

    Leaves are the heads' canonical JSON, sorted by day and camera, hashed as RFC 6962 does. ``previous`` is the
    SHA-256 of the file of the root before, of ``previous_day``; both are empty in the first one.
    """

    version: Literal[1]
    day: IsoDate
    made_at_ms: Milliseconds
    chain_count: Count
    merkle_root: Sha256
    previous_day: MaybeDate = ""
    previous: MaybeSha256 = ""


class SignedRoot(Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """A day's root, and the Ed25519 signature (hex) over its canonical JSON by the key that is named."""

    root: DailyRoot
    key_id: KeyId
    signature: Signature


class PublicKey(Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """A key that signs roots and exports, for everybody: its public half, 32 bytes, hex.

    ``key_id`` are the first 16 hex digits of that half's SHA-256. The key before endorsed it by a signature over this
    JSON with an empty ``endorsement`` and ``signature``; the first key has nobody for that. ``signature`` is its own,
    over this JSON with an empty ``signature``: nobody else can say by whom it was endorsed, or since when it is used.
    """

    key_id: KeyId
    public_key: Sha256
    since_ms: Milliseconds
    algorithm: Literal["ed25519"] = "ed25519"
    endorsed_by: Annotated[str, Meta(pattern=r"^([0-9a-f]{16})?$(?!\n)")] = ""
    endorsement: Annotated[str, Meta(pattern=r"^([0-9a-f]{128})?$(?!\n)")] = ""
    signature: Annotated[str, Meta(pattern=r"^([0-9a-f]{128})?$(?!\n)")] = ""


class InclusionProof(Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """That a head is the leaf with number ``leaf_index`` under the root of ``root_day``. ``path`` leads up from it."""

    root_day: IsoDate
    head: ChainHead
    leaf_index: Count
    path: tuple[Sha256, ...]


class LegalHold(Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """What lies between these times at a camera is not deleted, for an episode's sake, until a person ends it."""

    camera_id: CameraId
    episode_id: EventId
    from_ms: Milliseconds
    until_ms: Milliseconds
    decided_by: Annotated[str, Meta(min_length=1, max_length=120)]
    reason: Annotated[str, Meta(min_length=1, max_length=1000)]
    decided_at_ms: Milliseconds


class HoldEnded(Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """A hold that a person ended; it is kept, for nobody could tell else why something was deleted after all."""

    hold: LegalHold
    ended_by: Annotated[str, Meta(min_length=1, max_length=120)]
    reason: Annotated[str, Meta(min_length=1, max_length=1000)]
    ended_at_ms: Milliseconds


CHAIN_ENTRY_CODEC: JsonCodec[ChainEntry] = JsonCodec(ChainEntry)
CHAIN_HEAD_CODEC: JsonCodec[ChainHead] = JsonCodec(ChainHead)
CHAIN_HEADS_CODEC: JsonCodec[tuple[ChainHead, ...]] = JsonCodec(tuple[ChainHead, ...])
DAILY_ROOT_CODEC: JsonCodec[DailyRoot] = JsonCodec(DailyRoot)
SIGNED_ROOT_CODEC: JsonCodec[SignedRoot] = JsonCodec(SignedRoot)
INCLUSION_PROOF_CODEC: JsonCodec[InclusionProof] = JsonCodec(InclusionProof)
PUBLIC_KEY_CODEC: JsonCodec[PublicKey] = JsonCodec(PublicKey)
LEGAL_HOLD_CODEC: JsonCodec[LegalHold] = JsonCodec(LegalHold)
HOLD_ENDED_CODEC: JsonCodec[HoldEnded] = JsonCodec(HoldEnded)


def day_of(at_ms: int) -> str:
    """Give the city's day, such as ``2026-11-26``, of a time in ms since 1970."""
    return local(at_ms).date().isoformat()


def chain_start(camera_id: str, day: str) -> str:
    """Give what the first entry of a chain has for the hash before it: no other chain has the same."""
    return hashlib.sha256(f"tilik chain 1\n{camera_id}\n{day}\n".encode()).hexdigest()


def files_of(fact: ChainFact) -> tuple[StoredFile, ...]:
    """Give the files that a fact brings; a gap and a tombstone bring none."""
    return fact.files if isinstance(fact, (MinuteRecorded, EvidenceKept)) else ()
