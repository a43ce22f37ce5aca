"""A record with an episode in it, and the file of evidence that is made of it."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import cv2
import numpy as np

from schemas.camera_events import FrameCoordinates
from schemas.recordings import EvidenceKept, EvidenceRole, GapNoted, MinuteRecorded, PublicKey
from schemas.topics import FRAMES
from services.cli.evidence.gathering import Gathered, Gathering, Wanted
from services.cli.evidence.packing import pack_evidence
from services.cli.evidence.report import Making
from services.cli.evidence.rows import EpisodeStory
from services.record.chain import Chains
from services.record.filing import Filing
from services.record.key_settings import KeySettings
from services.record.roots import make_due_roots
from services.record.sealing import Sealer
from services.record.signing import Signer, publish_key
from services.runtime.object_store import ObjectStore
from services.runtime.store_settings import StoreSettings
from tests.record.facts import CAMERA, DAY, MINUTE_MS, NOON_MS

EPISODE = "3fa9c1" + "0" * 26
DAY_MS = 86_400_000
MINUTES = 4


def make_story(**changes: object) -> EpisodeStory:
    """A counter without staff for two minutes, confirmed."""
    facts: dict[str, object] = {
        "episode_id": EPISODE,
        "camera_id": CAMERA,
        "episode_type": "counter_episode",
        "kind": "unattended",
        "zone_id": "queue-1",
        "phase": "ended",
        "ruleset": "1",
        "revision": 3,
        "started_ms": NOON_MS + MINUTE_MS,
        "last_seen_ms": NOON_MS + 2 * MINUTE_MS,
        "ended_ms": NOON_MS + 2 * MINUTE_MS,
        "ended_because": "cleared",
        "why_names": ["staff_absence", "waiting_ratio"],
        "why_values": [125.0, 0.8],
        "why_thresholds": [120.0, 0.5],
        "why_units": ["s", "ratio"],
        "simulated": False,
        "camera_name": "Loket Kelurahan Tembalang",
        "kecamatan": "Tembalang",
        "kelurahan": "Tembalang",
        "verdict": "episode_confirmed",
        "verdict_by": "Sri Wahyuni",
        "verdict_why": "petugas tidak di tempat",
        "verdict_ms": NOON_MS + 60 * MINUTE_MS,
    }
    return EpisodeStory(**{**facts, **changes})  # type: ignore[arg-type]


WANTED = Wanted(NOON_MS, NOON_MS + 3 * MINUTE_MS, originals=False)
MAKING = Making("Sri Wahyuni", "laporan warga 112", NOON_MS + 2 * DAY_MS, "")


def make_jpeg(number: int) -> bytes:
    """A small picture, another one each time."""
    image = np.full((120, 200, 3), (90, 120, 60), np.uint8)
    cv2.rectangle(image, (20 * number, 30), (20 * number + 40, 100), (40, 60, 200), -1)
    return bytes(cv2.imencode(".jpg", image)[1])


@dataclass
class Case:
    """A record with one camera's day: four minutes, a gap, and three frames of an episode."""

    store: ObjectStore
    signer: Signer
    filing: Filing

    @property
    def chains(self) -> Chains:
        return Chains(self.store, lambda: NOON_MS)

    @property
    def key(self) -> PublicKey:
        return publish_key(self.store, self.signer)

    def gather(self, wanted: Wanted = WANTED) -> Gathered:
        """Gather what there is of the episode."""
        rows = {"episodes": b'{"episode_id":"3fa9c1"}\n'}
        gathering = Gathering(self.store, self.chains, self.filing, self.key, lambda _: None)
        return gathering.gather(make_story(), wanted, rows)

    def export(self, wanted: Wanted = WANTED, **changes: object) -> bytes:
        """Give the file of evidence."""
        making = MAKING._replace(key_id=self.signer.key_id)
        return pack_evidence(make_story(**changes), wanted, self.gather(wanted), making, self.signer, self.key)


def make_case(folder: Path) -> Case:
    """Make the record, with the root of its day."""
    store = ObjectStore(StoreSettings(url=str(folder / "record")))
    keys = KeySettings(signing_key_file=folder / "signing.pem", sealing_dir=folder / "sealing")
    case = Case(store, Signer.open(keys.signing_key_file), Filing(store, Sealer(keys)))
    chains = case.chains
    for number in range(MINUTES):
        chains.append(CAMERA, DAY, [_minute(case, number)])
        if 0 < number < MINUTES:
            role: EvidenceRole = ("first", "best", "last")[number - 1]
            chains.append(CAMERA, DAY, [_frame(case, role, number)])
    start = NOON_MS + MINUTES * MINUTE_MS
    chains.append(CAMERA, DAY, [GapNoted(from_ms=start, until_ms=start + MINUTE_MS, reason="held")])
    make_due_roots(store, chains, case.signer, NOON_MS + DAY_MS)
    return case


def _minute(case: Case, number: int) -> MinuteRecorded:
    start = NOON_MS + number * MINUTE_MS
    files = tuple(
        case.filing.keep_minute(CAMERA, start, form, f"{form} video of minute {number}".encode())
        for form in ("public", "original")
    )
    return MinuteRecorded(minute_ms=start, first_ms=start, last_ms=start + 59_000, frame_count=60, files=files)


def _frame(case: Case, role: EvidenceRole, number: int) -> EvidenceKept:
    at_ms, event_id = NOON_MS + number * MINUTE_MS, f"{number:032x}"
    files = tuple(
        case.filing.keep_frame(CAMERA, at_ms, event_id, form, make_jpeg(number + 4 * (form == "original")))
        for form in ("public", "original")
    )
    return EvidenceKept(
        episode_id=EPISODE,
        revision=number,
        moment="opened",
        roles=(role,),
        event_id=event_id,
        captured_at_ms=at_ms,
        frame=FrameCoordinates(FRAMES.name, 0, number, at_ms),
        files=files,
    )
