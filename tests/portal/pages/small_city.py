"""Pages over a portal without Kafka: cameras made here, figures out of whatever ClickHouse is given."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from tempfile import TemporaryDirectory
from types import SimpleNamespace
from typing import Any, cast

import httpx
from fastapi import FastAPI

from schemas.cameras import Approval, Camera, Place, Source, Zone
from services.portal.context import Portal
from services.portal.errors import add_error_pages
from services.portal.metrics import PORTAL_METRICS
from services.portal.operations_settings import OperationsSettings
from services.portal.pages.routes import router
from services.portal.requests import Told
from services.portal.serving import _built
from services.portal.settings import PortalSettings
from services.runtime.camera_registry import CameraRegistry, CameraRevisions
from services.runtime.metrics import Metrics
from services.runtime.service import Service
from services.runtime.settings import ClickHouseSettings
from services.runtime.store_settings import StoreSettings

NOW = datetime(2026, 11, 26, 3, 40, tzinfo=UTC)
"""A Thursday, 10:40 in Semarang."""
_CORNERS = ((0.1, 0.1), (0.9, 0.1), (0.9, 0.9))
NOBODY = ClickHouseSettings(port=1, connect_timeout_seconds=1)


def make_camera(camera_id: str = "loket-genuk", *, public: bool = True, water: bool = False, **more: Any) -> Camera:
    place = {"kecamatan": "Genuk", "kelurahan": "Genuksari", "latitude": -6.968, "longitude": 110.478}
    place |= {name: more.pop(name) for name in list(more) if name in place}
    entry: dict[str, Any] = {
        "camera_id": camera_id,
        "revision": 1,
        "name": "Loket Genuk",
        "kind": "counter",
        "place": Place(**place),  # type: ignore[arg-type]
        "source": Source("rtsp", "rtsp://10.20.30.40/hidden-source"),
        "zones": (Zone(zone_id="air", purpose="water", polygon=_CORNERS),) if water else (),
        "public": public,
        "approval": Approval("Sari", 1) if public else None,
    }
    return Camera(**{**entry, **more})


@contextmanager
def portal_of(cameras: Iterable[Camera], clickhouse: ClickHouseSettings = NOBODY, **settings: Any) -> Iterator[Portal]:
    """Give a portal of these cameras that follows no Kafka. Without ClickHouse every figure is unavailable."""
    revisions = CameraRevisions()
    for camera in cameras:
        revisions.add(camera)
    registry = cast("CameraRegistry", SimpleNamespace(revisions=revisions))
    service = cast("Service", SimpleNamespace(metrics=Metrics(PORTAL_METRICS)))
    with TemporaryDirectory() as folder:
        settings.setdefault("store", StoreSettings(url=folder))
        settings.setdefault("operations", OperationsSettings(secrets_dir=Path(folder)))
        told = PortalSettings(clickhouse=clickhouse, **settings)
        with _built(told, registry, service) as portal:
            yield portal


class Visitor:
    """Somebody who looks at the public pages."""

    def __init__(self, portal: Portal, now: Callable[[], datetime]) -> None:
        app = FastAPI()
        add_error_pages(app)
        app.include_router(router(portal, now))
        self.app = Told(app, portal.settings, portal.metrics)
        self._runner = asyncio.Runner()

    def get(self, path: str, client: str = "127.0.0.1", **headers: str) -> httpx.Response:
        """Ask for a page, as a browser does that keeps no cookies."""

        async def ask() -> httpx.Response:
            transport = httpx.ASGITransport(self.app, raise_app_exceptions=False, client=(client, 1))
            told = {"accept": "text/html", **headers}
            async with httpx.AsyncClient(transport=transport, base_url="http://portal.test", headers=told) as browser:
                return await browser.get(path)

        return self._runner.run(ask())

    def page(self, path: str) -> str:
        """Give the text of a page that must be there."""
        answer = self.get(path)
        assert answer.status_code == 200, answer.text
        return answer.text

    def close(self) -> None:
        self._runner.close()


@contextmanager
def visitor_of(portal: Portal, now: Callable[[], datetime] = lambda: NOW) -> Iterator[Visitor]:
    visitor = Visitor(portal, now)
    try:
        yield visitor
    finally:
        visitor.close()
