"""An operations area as tests need it: real parts, on the platform that a test names, and browsers with a role."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Coroutine, Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from types import SimpleNamespace
from typing import Any, TypeVar, cast

import httpx
from fastapi import FastAPI
from starlette.types import ASGIApp

from schemas.cameras import Camera, Place, Source
from services.portal.access import Access
from services.portal.assets import Assets
from services.portal.context import Portal
from services.portal.delivery.pictures import Pictures
from services.portal.delivery.shown import Shown
from services.portal.errors import add_error_pages
from services.portal.metrics import PORTAL_METRICS
from services.portal.operations.accounts import Account
from services.portal.operations.routes import routes_of
from services.portal.operations.running import Operations, build_operations
from services.portal.operations_settings import OperationsSettings
from services.portal.outgoing import Outgoing
from services.portal.questions import Questions
from services.portal.requests import Bounds, Budgets, Told
from services.portal.roles import Role
from services.portal.settings import PortalSettings
from services.portal.store_reads import StoreReads
from services.runtime.camera_registry import CameraRevisions
from services.runtime.metrics import Metrics
from services.runtime.object_store import ObjectStore
from services.runtime.records_at import RecordsAt
from services.runtime.settings import ClickHouseSettings, KafkaSettings
from services.runtime.store_settings import StoreSettings

HERE = "http://portal.test"
STATIC = Path(__file__).parents[3] / "services" / "portal"
T = TypeVar("T")


def make_camera(camera_id: str = "jalan-tembalang-1", kelurahan: str = "Tembalang", **more: Any) -> Camera:
    entry: dict[str, Any] = {
        "camera_id": camera_id,
        "revision": 1,
        "name": f"Jalan {kelurahan}",
        "kind": "street",
        "place": Place("Tembalang", kelurahan, -7.05, 110.44),
        "source": Source("snapshot", "http://10.20.0.15/still.jpg?channel=secret-channel"),
    }
    return Camera(**{**entry, **more})


class Office:
    """An operations area, and what tests ask of it."""

    def __init__(self, portal: Portal) -> None:
        self.portal = portal
        self._accounts: dict[tuple[str, ...], Account] = {}
        self.operations: Operations = build_operations(portal)
        pages = FastAPI()
        add_error_pages(pages)
        self.router = routes_of(self.operations)
        pages.include_router(self.router)
        limits = portal.settings.limits
        self.app: ASGIApp = Told(Bounds(pages, limits, Budgets(limits)), portal.settings, portal.metrics)

    def account(self, role: Role, *areas: str, name: str = "") -> tuple[Account, str]:
        """Make an account; give it and its password."""
        name = name or f"{role} of {' '.join(areas).replace('/', ' ').replace('*', 'all') or 'all'}"
        password = self.operations.accounts.set_password(name, role, areas or ("*",))
        account = self.operations.accounts.find(name)
        assert account is not None
        return account, password

    def cookies(self, role: Role, *areas: str) -> dict[str, str]:
        """Give the cookies of somebody who is signed in."""
        key = (role, *areas)
        if key not in self._accounts:
            self._accounts[key] = self.account(role, *areas)[0]  # hashing is dear
        session = self.operations.sessions.begin_local(self._accounts[key])
        return {self.operations.cookie_name: self.operations.sessions.cookie_of(session)}

    def token(self, cookies: dict[str, str]) -> str:
        """Give the form token of a session."""
        session = self.operations.sessions.read(cookies[self.operations.cookie_name])
        assert session is not None
        return self.operations.sessions.form_token(session.session)

    def client(self, cookies: dict[str, str] | None = None, **headers: str) -> httpx.AsyncClient:
        """Give a browser."""
        transport = httpx.ASGITransport(self.app, raise_app_exceptions=False)
        told = {"accept": "text/html", **headers}
        return httpx.AsyncClient(transport=transport, base_url=HERE, cookies=cookies, headers=told)

    def ask(self, work: Callable[[httpx.AsyncClient], Coroutine[Any, Any, T]], role: Role, *areas: str) -> T:
        """Do something as somebody of this role."""
        cookies = self.cookies(role, *areas)

        async def asked() -> T:
            async with self.client(cookies) as client:
                return await work(client)

        return asyncio.run(asked())


@contextmanager
def office(
    folder: Path,
    kafka: KafkaSettings | None = None,
    clickhouse: ClickHouseSettings | None = None,
    **settings: Any,
) -> Iterator[Office]:
    """Run an operations area; without a platform nothing of it reaches one."""
    clickhouse = clickhouse or ClickHouseSettings(port=1, connect_timeout_seconds=1)
    kafka = kafka or KafkaSettings(bootstrap_servers="127.0.0.1:1")
    public_url = settings.pop("public_url", "")
    operations = OperationsSettings(**{"secrets_dir": folder, "probing": False, **settings})
    told = PortalSettings(
        kafka=kafka,
        clickhouse=clickhouse,
        operations=operations,
        public_url=public_url,
        store=StoreSettings(url=str(folder / "record")),
    )
    cameras, metrics = CameraRevisions(), Metrics(PORTAL_METRICS)
    shown = Shown(cameras.find, 600_000, 30_000)
    records = RecordsAt(kafka, "tests")
    questions = Questions(clickhouse, told.questions, metrics)
    pictures, store = Pictures(records, told.pictures, metrics), StoreReads(ObjectStore(told.store))
    parts = SimpleNamespace(  # of a portal what operations use of it
        settings=told,
        metrics=metrics,
        cameras=cameras,
        shown=shown,
        pictures=pictures,
        store=store,
        records=records,
        clickhouse=questions,
        outgoing=Outgoing(kafka),
        assets=Assets({part: STATIC / part / "static" for part in ("pages", "operations")}),
        access=Access(),
        closing=ExitStack(),
    )
    built = Office(cast("Portal", parts))
    try:
        yield built
    finally:
        parts.closing.close()
        pictures.close()
        store.close()
        questions.close()
        records.close()
