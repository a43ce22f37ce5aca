"""A running portal with one of everything that can be asked for, and a session of every role.

| camera      | what it is                                               |
|-------------|----------------------------------------------------------|
| open        | public, recorded, with a flood whose frames the record keeps |
| shut        | the same, but approved by nobody                         |
| quarantined | public, in quarantine from its third frame on            |
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import httpx
import msgspec
import pytest
import simplejpeg
from fastapi import FastAPI
from starlette.types import ASGIApp

from schemas.cameras import Approval, Source
from schemas.recordings import SIGNED_ROOT_CODEC, DailyRoot, SignedRoot, day_of
from schemas.table import Row
from services.aggregate.migrate import choose_own_ruleset, known_migrations, migrate
from services.aggregate.rows import DetectionsRow
from services.portal import serving
from services.portal.app import build_app
from services.portal.context import Portal
from services.portal.operations.accounts import Accounts
from services.portal.operations.secret_files import session_key
from services.portal.operations.sessions import Sessions
from services.portal.roles import Role
from services.privacy.anonymise import anonymise_jpeg
from services.record.index_rows import RecordedEvidenceRow, RecordedMinuteRow
from services.record.index_tables import ensure_tables
from services.record.object_keys import public_key_key, root_key
from services.runtime.clock import now_ms
from services.runtime.object_store import ObjectStore
from services.runtime.row_store import RowStore
from services.runtime.settings import ClickHouseSettings, KafkaSettings
from services.runtime.store_settings import StoreSettings
from tests.aggregate.camera_stories import LEARNED, computed, shown
from tests.aggregate.make_events import make_camera
from tests.aggregate.scene_looks import shifted
from tests.portal.delivery.scene import PERSON, FilmedCamera, RunningPortal, picture, running_portal, until

OPEN, SHUT, QUARANTINED = "world-open", "world-shut", "world-quarantined"
FRAMES_OF_EACH = 5
SOURCE = Source("rtsp", "rtsp://kamera.dinas.internal/stream", secret="world-password-name")
KEY_ID = "0123456789abcdef"
ROOT_DAY = "2026-11-20"
FILM = b"\0\0\0\x18ftypmp42 a film without people"
EPISODES = {OPEN: "a1" * 16, SHUT: "b2" * 16, QUARANTINED: "c3" * 16}
NOBODY = "nobody"
OF_NO_CAMERA = "viewer of another area"
WHO: dict[str, tuple[Role, str] | None] = {
    NOBODY: None,
    OF_NO_CAMERA: ("viewer", "Banyumanik/*"),
    **{role: (role, "*") for role in ("viewer", "reviewer", "operator", "admin")},
}


@dataclass
class World:
    """The portal that runs, its routes, and what its paths may name."""

    running: RunningPortal
    pages: FastAPI
    prefixes: set[str]
    sessions: Sessions
    cookies: dict[str, dict[str, str]]
    tokens: dict[str, str]
    named: dict[str, list[str]]
    secrets: list[str] = field(default_factory=list)

    def client(self, who: str) -> httpx.Client:
        """Give the browser of somebody."""
        headers = {"accept": "text/html,*/*"}
        return httpx.Client(base_url=self.running.address, cookies=self.cookies[who], headers=headers, timeout=30)


def original(number: int) -> bytes:
    """Give a frame as it was captured."""
    jpeg: bytes = simplejpeg.encode_jpeg(picture(number), 95, "BGR")
    return jpeg


@contextmanager
def whole_world(kafka: KafkaSettings, clickhouse_port: int, folder: Path) -> Iterator[World]:
    """Make it, and let the portal run."""
    clickhouse = ClickHouseSettings(port=clickhouse_port, database="portal_world")
    store, secrets = StoreSettings(url=str(folder / "record")), folder / "secrets"
    filmed = {camera_id: _filmed(kafka, camera_id) for camera_id in EPISODES}
    minute_ms = now_ms() // 60_000 * 60_000
    _write(clickhouse, ObjectStore(store), filmed, minute_ms)
    apps: list[ASGIApp] = []

    def built(portal: Portal) -> ASGIApp:
        apps.append(build_app(portal))
        return apps[0]

    with pytest.MonkeyPatch.context() as patched:
        patched.setattr(serving, "build_app", built)
        with running_portal(
            kafka,
            clickhouse=clickhouse,
            store=store,
            operations={"secrets_dir": str(secrets), "probing": False},
            limits={"requests_per_second": 10_000, "requests_at_once": 10_000},
            pages={"files_per_minute": 10_000},
        ) as running:
            until(lambda: len(running.get(f"/cameras/{OPEN}/recent").json()["frames"]) == FRAMES_OF_EACH - 1)
            until(lambda: running.get(f"/cameras/{QUARANTINED}/recent").json()["state"] == "quarantined")
            pages, prefixes = parts_of(apps[0])
            yield _with_people(World(running, pages, prefixes, *_none_yet(secrets), _named(filmed, minute_ms)), secrets)


def _filmed(kafka: KafkaSettings, camera_id: str) -> FilmedCamera:
    approval = None if camera_id == SHUT else Approval("ani", 1)
    camera = FilmedCamera(kafka, camera_id, public=camera_id != SHUT, source=SOURCE, record=True, approval=approval)
    camera.film(range(FRAMES_OF_EACH))
    camera.judge(FRAMES_OF_EACH - 1, FRAMES_OF_EACH, quarantine=2 if camera_id == QUARANTINED else -1)
    return camera


def _write(clickhouse: ClickHouseSettings, store: ObjectStore, filmed: dict[str, FilmedCamera], minute_ms: int) -> None:
    migrate(clickhouse, known_migrations())
    choose_own_ruleset(clickhouse)
    ensure_tables(clickhouse)
    root = DailyRoot(version=1, day=ROOT_DAY, made_at_ms=1, chain_count=1, merkle_root="ab" * 32)
    signed = SIGNED_ROOT_CODEC.encode(SignedRoot(root=root, key_id=KEY_ID, signature="ab" * 64))
    store.put(root_key(ROOT_DAY), signed)
    store.put(public_key_key(KEY_ID), b'{"a": 1}')
    with closing(RowStore(clickhouse)) as rows:
        for camera in filmed.values():
            rows.write(list(_rows(camera, store, minute_ms)))


def _rows(filmed: FilmedCamera, store: ObjectStore, minute_ms: int) -> Iterator[Row]:
    """Give a judged frame, an episode, copies of its frame in both forms, and a minute in both forms."""
    camera_id = filmed.camera.camera_id
    tables = computed(shown([*LEARNED, *[shifted] * 70], camera_id=camera_id), make_camera(camera_id=camera_id))
    first, (incident,) = tables["detections"][0], tables["episodes"]
    assert isinstance(first, DetectionsRow)
    number = 3
    where, captured_ms = filmed._places[number], filmed.captured_ms(number)
    frame = {"frame_partition": where.partition, "frame_offset": where.offset, "owner_epoch": filmed.epoch}
    yield msgspec.structs.replace(first, captured_at=captured_ms, sequence=number, **frame)
    is_flood = camera_id != QUARANTINED
    yield msgspec.structs.replace(
        incident,
        episode_id=EPISODES[camera_id],
        episode_type="flood_episode" if is_flood else "camera_incident",
        kind="" if is_flood else "covered",
        quarantined=not is_flood,
        started_at=filmed.captured_ms(2),
        frame_partition=where.partition,
        **{f"{which}_frame_offset": where.offset for which in ("first", "best", "last")},
        **{f"{which}_event_id": first.event_id for which in ("first", "best", "last")},
    )
    files: dict[str, bytes] = {"public": anonymise_jpeg(original(number), [PERSON.box]), "original": original(6)}
    for form, jpeg in files.items():
        yield RecordedEvidenceRow(
            camera_id=camera_id,
            episode_id=EPISODES[camera_id],
            event_id=first.event_id,
            form=form,
            roles=("best",),
            moment="opened",
            captured_at=captured_ms,
            camera_revision=1,
            missing="",
            **_kept(store, f"evidence/{camera_id}-{form}.jpg", jpeg),
        )
        yield RecordedMinuteRow(
            camera_id=camera_id,
            minute=minute_ms,
            form=form,
            frames=60,
            first_at=minute_ms,
            last_at=minute_ms + 59_000,
            gap="",
            camera_revision=1,
            private_revision=1,
            withdrawn=False,
            **_kept(store, f"minutes/{camera_id}-{form}.mp4", FILM if form == "public" else original(6)),
        )


def _kept(store: ObjectStore, key: str, data: bytes) -> dict[str, Any]:
    store.put(key, data)
    digest = hashlib.sha256(data).hexdigest()
    return {"object_key": key, "bytes": len(data), "sha256": digest, "simulated": False, "version": 1}


def _named(filmed: dict[str, FilmedCamera], minute_ms: int) -> dict[str, list[str]]:
    """Give what the parameters of paths and queries may be, by name. A test fails for one that is not here."""
    event_ids = [_event_id(camera_id) for camera_id in filmed]
    return {
        "camera_id": [*filmed, "world-nowhere"],
        "episode_id": [*EPISODES.values(), "0" * 32],
        "event_id": event_ids,
        "day": [day_of(minute_ms), ROOT_DAY],
        "key_id": [KEY_ID],
        "name": ["floods", "cameras"],  # not a topic: data sets
        "kind": ["csv", "json", "parquet"],
        "from": ["2026-11-20"],
        "until": ["2026-11-26"],
        "which": ["best"],
        "verdict": ["confirm", "reject"],
        "change": ["withdraw", "approve"],
        "at_ms": [str(now_ms() + 60_000)],
        "frame": [camera.url(number) for camera in filmed.values() for number in range(FRAMES_OF_EACH)],
        "film": [f"/recorded/{camera_id}/{minute_ms}.mp4" for camera_id in filmed],
    }


def _event_id(camera_id: str) -> str:
    row = computed(shown(LEARNED, camera_id=camera_id), make_camera(camera_id=camera_id))["detections"][0]
    assert isinstance(row, DetectionsRow)
    return row.event_id


def parts_of(app: ASGIApp) -> tuple[FastAPI, set[str]]:
    """Give the application that has the table of routes, and the prefixes that others answer."""
    waiting, prefixes = [app], set[str]()
    for each in waiting:
        if isinstance(each, FastAPI):
            return each, prefixes
        prefixes |= set(getattr(each, "_by_prefix", ()))
        waiting += [part for name in ("_app", "app", "_otherwise") if (part := getattr(each, name, None)) is not None]
    raise AssertionError("no table of routes was found")


def _none_yet(secrets: Path) -> tuple[Sessions, dict[str, dict[str, str]], dict[str, str]]:
    return Sessions(session_key(secrets, ""), 1_800, 28_800, Accounts(secrets).find), {NOBODY: {}}, {NOBODY: ""}


def _with_people(world: World, secrets: Path) -> World:
    """Let everybody sign in, but for nobody."""
    accounts = Accounts(secrets)
    for number, (who, what) in enumerate(WHO.items()):
        if what is None:
            continue
        world.secrets.append(accounts.set_password(f"person {number}", what[0], (what[1],)))
        account = accounts.find(f"person {number}")
        assert account is not None
        session = world.sessions.begin_local(account)
        world.cookies[who] = {"tilik-session": world.sessions.cookie_of(session)}
        world.tokens[who] = world.sessions.form_token(session.session)
        world.secrets += [account.salt, account.digest]
    world.secrets += [(secrets / "session.key").read_text(), SOURCE.secret]
    return world
