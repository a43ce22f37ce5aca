"""What a file of evidence says of itself: what it is about, each file in it, and who signed that."""

from __future__ import annotations

from typing import Annotated, Final, Literal

from msgspec import Meta, Struct

from schemas.camera_events import Count, EventId, Milliseconds, Sha256
from schemas.cameras import CameraId, IsoDate
from schemas.codec import JsonCodec
from schemas.recordings import FileForm, KeyId, Signature

MANIFEST: Final = "manifest.json"
SIGNATURE: Final = "manifest.sig.json"
REPORT: Final = "report.html"

PackedPath = Annotated[str, Meta(pattern=r"^[A-Za-z0-9_][A-Za-z0-9._-]*(/[A-Za-z0-9_][A-Za-z0-9._-]*){0,4}$(?!\n)")]


class ChainPlace(Struct, frozen=True, forbid_unknown_fields=True):
    """Which entry of the camera's chain brought a file, and in which form."""

    day: IsoDate
    entry: Count
    form: FileForm


class PackedFile(Struct, frozen=True, forbid_unknown_fields=True):
    """A file of the archive, as it is in there: of an original what was sealed, opened."""

    path: PackedPath
    sha256: Sha256
    size: Count
    of: ChainPlace | None = None


class LeftOut(Struct, frozen=True, forbid_unknown_fields=True):
    """Something that one would look for and that is not there, and why."""

    what: str
    why: str


class Manifest(Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """The first file of the archive. ``files`` are all others but its signature, in their order."""

    version: Literal[1]
    episode_id: EventId
    episode_type: str
    kind: str
    camera_id: CameraId
    from_ms: Milliseconds
    until_ms: Milliseconds
    made_at_ms: Milliseconds
    made_by: str
    reason: str
    originals: bool
    files: tuple[PackedFile, ...]
    left_out: tuple[LeftOut, ...] = ()


class ManifestSignature(Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """The signature over the manifest's bytes."""

    key_id: KeyId
    public_key: Sha256
    signature: Signature


MANIFEST_CODEC: JsonCodec[Manifest] = JsonCodec(Manifest)
MANIFEST_SIGNATURE_CODEC: JsonCodec[ManifestSignature] = JsonCodec(ManifestSignature)


def chain_path(day: str) -> str:
    """Give where the chain of a day lies in the archive."""
    return f"chain/{day}.jsonl"


def root_path(day: str) -> str:
    """Give where the root of a day lies in the archive."""
    return f"roots/{day}.json"


def proof_path(root_day: str, day: str) -> str:
    """Give where it is proved that the chain of ``day`` is under the root of ``root_day``."""
    return f"proofs/{root_day}-of-{day}.json"


def key_path(key_id: str) -> str:
    """Give where a public key lies in the archive."""
    return f"keys/{key_id}.json"
