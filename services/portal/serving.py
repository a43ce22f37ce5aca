"""The portal as a service: the registry and the frames that may be shown are followed on threads, pages are served."""

from __future__ import annotations

import asyncio
import socket
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

import uvicorn
import uvloop
from starlette.types import ASGIApp

from services.portal.access import Access
from services.portal.app import build_app
from services.portal.assets import Assets
from services.portal.connections import BoundedConnection
from services.portal.context import Portal
from services.portal.delivery.follower import Follower
from services.portal.delivery.live import Live
from services.portal.delivery.pictures import Pictures
from services.portal.delivery.recorded import RecordedMinutes
from services.portal.delivery.shown import Shown
from services.portal.outgoing import Outgoing
from services.portal.questions import Questions
from services.portal.settings import PortalSettings
from services.portal.store_reads import StoreReads
from services.runtime.camera_registry import CameraRegistry
from services.runtime.errors import ConfigurationError, FatalError, RetryableError
from services.runtime.logging import get_logger
from services.runtime.object_store import ObjectStore
from services.runtime.records_at import RecordsAt
from services.runtime.service import Service

SERVICE = "tilik-portal"
_HERE = Path(__file__).parent
_REGISTRY_WAIT_SECONDS = 10.0
_LOOK_SECONDS = 0.2
_STUCK_AFTER_SECONDS = 45.0
"""A turn of the follower takes three seconds at most, asking Kafka where to begin some 30."""
_BACKLOG = 2048
_BESIDE_VIEWERS = 1000
"""Connections beside two of each viewer that may be there; more are answered with 503."""

log = get_logger(__name__)


def run(settings: PortalSettings, service: Service) -> None:
    """Serve until told to stop; open answers may end, streams are closed.

    Raises:
        ConfigurationError: The port is taken.
        FatalError: Kafka's client can't go on.
    """
    service.health.wait_for("registry", "shown", "listening")
    registry = CameraRegistry(settings.kafka, SERVICE)
    try:
        if _registry_read(registry, service):
            service.health.fulfil("registry")
            with (
                _built(settings, registry, service) as portal,
                _following(portal, registry) as follower,
                _listening(settings) as listener,
                asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner,
            ):
                runner.run(_serve(portal, (follower, registry), listener, service))
    finally:
        registry.close()


@contextmanager
def _built(settings: PortalSettings, registry: CameraRegistry, service: Service) -> Iterator[Portal]:
    cameras, metrics, live = registry.revisions, service.metrics, settings.live
    records = RecordsAt(settings.kafka, SERVICE)
    shown = Shown(cameras.find, int(live.back_seconds * 1000), live.silent_seconds * 1000)
    pictures = Pictures(records, settings.pictures, metrics)
    questions = Questions(settings.clickhouse, settings.questions, metrics)
    store = ObjectStore(settings.store)
    recorded, reads = RecordedMinutes(questions, store, cameras.find, shown), StoreReads(store)
    outgoing, closing = Outgoing(settings.kafka), ExitStack()
    try:
        yield Portal(
            settings=settings,
            metrics=metrics,
            cameras=cameras,
            shown=shown,
            pictures=pictures,
            live=Live(cameras, shown, pictures, live, metrics),
            recorded=recorded,
            store=reads,
            records=records,
            clickhouse=questions,
            outgoing=outgoing,
            assets=Assets({part: _HERE / part / "static" for part in ("pages", "operations")}),
            access=Access(),
            closing=closing,
        )
    finally:
        closing.close()
        outgoing.close()
        recorded.close()
        reads.close()
        questions.close()
        pictures.close()
        records.close()


@contextmanager
def _following(portal: Portal, registry: CameraRegistry) -> Iterator[Follower]:
    follower = Follower(portal.settings.kafka, SERVICE, portal.shown, registry, portal.metrics)
    follower.released = portal.live.announce
    follower.start()
    try:
        yield follower
    finally:
        follower.close()


@contextmanager
def _listening(settings: PortalSettings) -> Iterator[socket.socket]:
    family = socket.AF_INET6 if ":" in settings.host else socket.AF_INET
    with socket.socket(family, socket.SOCK_STREAM) as listener:
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            listener.bind((settings.host, settings.port))
        except OSError as error:
            raise ConfigurationError(f"the portal can't listen on {settings.host}:{settings.port}: {error}") from error
        listener.listen(_BACKLOG)
        listener.setblocking(False)
        log.info("portal.listening", host=settings.host, port=listener.getsockname()[1])
        yield listener


class _Server(uvicorn.Server):
    """Leaves signals to the frame of services."""

    @contextmanager
    def capture_signals(self) -> Iterator[None]:
        yield


async def _serve(
    portal: Portal, read_by: tuple[Follower, CameraRegistry], listener: socket.socket, service: Service
) -> None:
    follower, registry = read_by
    server = _Server(_server_config(build_app(portal), portal.settings))
    serving = asyncio.create_task(server.serve(sockets=[listener]))
    telling = asyncio.create_task(portal.live.run())
    service.health.fulfil("listening")
    while not (service.stopping.is_set() or serving.done() or telling.done() or follower.failure or registry.failure):
        if time.monotonic() - follower.beat_at < _STUCK_AFTER_SECONDS:
            service.health.touch()
        if follower.caught_up.is_set():
            service.health.fulfil("shown")
        await asyncio.sleep(_LOOK_SECONDS)
    portal.live.close()
    server.should_exit = True
    await serving
    if telling.done():
        raise FatalError(f"live pages can't be served: {telling.exception()!r}")
    telling.cancel()
    failure = follower.failure or registry.failure
    if failure is not None:
        raise failure


def _server_config(app: ASGIApp, settings: PortalSettings) -> uvicorn.Config:
    return uvicorn.Config(
        app,
        http=BoundedConnection,
        ws="none",
        lifespan="off",
        log_config=None,
        access_log=False,
        server_header=False,
        forwarded_allow_ips=list(settings.trusted_proxies),
        timeout_graceful_shutdown=max(1, int(settings.leave_seconds)),
        backlog=_BACKLOG,
        limit_concurrency=2 * settings.live.viewers + _BESIDE_VIEWERS,
    )


def _registry_read(registry: CameraRegistry, service: Service) -> bool:
    while not service.stopping.is_set():
        try:
            registry.wait_until_current(_REGISTRY_WAIT_SECONDS)
        except RetryableError as error:
            log.warning("portal.registry_waits", error=str(error))
            service.health.touch()
        else:
            return True
    return False
