"""Make the archive: what was gathered, the report, the manifest, and its signature."""

from __future__ import annotations

from schemas.recordings import PUBLIC_KEY_CODEC, PublicKey
from services.cli.evidence.archive import pack
from services.cli.evidence.gathering import Gathered, Wanted
from services.cli.evidence.manifest import (
    MANIFEST,
    MANIFEST_CODEC,
    MANIFEST_SIGNATURE_CODEC,
    REPORT,
    SIGNATURE,
    Manifest,
    ManifestSignature,
    key_path,
)
from services.cli.evidence.report import Making, report_html
from services.cli.evidence.rows import EpisodeStory
from services.record.signing import Signer


def pack_evidence(
    story: EpisodeStory, wanted: Wanted, gathered: Gathered, making: Making, signer: Signer, key: PublicKey
) -> bytes:
    """Give the archive; the same facts at the same time give the same bytes.

    Args:
        story: What it is about.
        wanted: Which files were wanted.
        gathered: Those that there are; the report and the key are added to them.
        making: Who makes it, and why.
        signer: Signs the manifest.
        key: What is published of the signer's key.

    Raises:
        ValueError: It would have 2 GiB or more.
    """
    gathered.contents.setdefault(key_path(key.key_id), PUBLIC_KEY_CODEC.encode(key))
    report = {REPORT: report_html(story, wanted, gathered, making)}
    gathered.contents = report | gathered.contents
    manifest = Manifest(
        version=1,
        episode_id=story.episode_id,
        episode_type=story.episode_type,
        kind=story.kind,
        camera_id=story.camera_id,
        from_ms=wanted.from_ms,
        until_ms=wanted.until_ms,
        made_at_ms=making.at_ms,
        made_by=making.by,
        reason=making.why,
        originals=wanted.originals,
        files=gathered.packed_files(),
        left_out=tuple(gathered.left_out),
    )
    said = MANIFEST_CODEC.encode(manifest)
    signature = ManifestSignature(
        key_id=signer.key_id, public_key=signer.public_key, signature=signer.sign("export", said)
    )
    return pack({MANIFEST: said, SIGNATURE: MANIFEST_SIGNATURE_CODEC.encode(signature), **gathered.contents})
