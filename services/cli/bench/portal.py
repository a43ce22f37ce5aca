"""``tilik bench portal``: crowds before one portal process, beside MJPEG that is made anew for each viewer.

The portal runs on a Kafka and a ClickHouse of its own; cameras at one 720p frame a second are filmed, judged and shown.
Each viewer holds a live stream and fetches every picture that it is told of. All share this machine's cores: the
platform, the city that is filmed, the portal and the viewers' process, which alone takes about as much as the portal.

A number of viewers is held if 99 % of the frames reach them and the 95th percentile of the delay, from when a frame may
be shown until its last byte is there, is at most one second. CPU time is the portal's, all its threads, sending
included, by each frame that a viewer got.
"""

from __future__ import annotations

import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory

from deploy.local.platform import LocalStack, ServiceRun
from deploy.local.ports import free_port
from deploy.local.settings import LocalSettings, local_settings
from services.cli.bench.measuring.portal_city import HEIGHT, PEOPLE, WIDTH, PortalCity, public_cameras, street_jpeg
from services.cli.bench.measuring.portal_crowd import Crowd, crowd, naive_cpu_ms, requests_per_second
from services.cli.bench.measuring.portal_following import following_core_share, memory_mb
from services.cli.bench.report import Figure, at_least, at_most, plain
from services.runtime.errors import FatalError
from services.runtime.topics import ensure_topics

FEW, MANY = 10, 1_000
MORE = (2_000, 3_000, 4_000)
CAMERAS = 100
GOAL_RATIO = 0.5
MOST_DELAY_SECONDS = 1.0
LEAST_DELIVERED = 0.99
_WINDOW_SECONDS = 8.0
_ASKED_SECONDS = 4.0
_CONNECTIONS = 16
_NAIVE_VIEWERS = 10
_MOST = "1000000"


def run() -> Sequence[Figure]:
    """Measure; takes about five minutes.

    Raises:
        ConfigurationError: The platform can't be started here.
    """
    with _running_portal() as portal:
        few, many, held = _one_camera(portal)
        spread = _hundred_cameras(portal)
        frames_rate = requests_per_second(portal.port, portal.newest_url(), _CONNECTIONS, _ASKED_SECONDS)
        pages_rate = requests_per_second(portal.port, "/", _CONNECTIONS, _ASKED_SECONDS)
        naive_ms = _naive(portal.folder)
    return [
        at_most(
            "cpu_per_frame_ratio_1000_vs_10_viewers", many.cpu_ms_per_frame / few.cpu_ms_per_frame, "ratio", GOAL_RATIO
        ),
        plain("cpu_per_frame_10_viewers", few.cpu_ms_per_frame, "ms"),
        plain("cpu_per_frame_1000_viewers", many.cpu_ms_per_frame, "ms"),
        plain("cpu_per_frame_naive", naive_ms, "ms"),
        plain("cpu_per_frame_ratio_vs_naive", many.cpu_ms_per_frame / naive_ms, "ratio"),
        at_least("viewers_held", held, "viewers", MANY),
        at_most("p95_delay_s", many.delay_p95_seconds, "s", MOST_DELAY_SECONDS),
        plain("viewers_held_100_cameras", MANY if _kept_up(spread) else 0, "viewers"),
        plain("p95_delay_100_cameras_s", spread.delay_p95_seconds, "s"),
        plain("delivered_ratio_100_cameras", spread.delivered_ratio, "ratio"),
        plain("cpu_per_frame_100_cameras", spread.cpu_ms_per_frame, "ms"),
        plain("frame_requests_rate", frames_rate, "1/s"),
        plain("page_requests_rate", pages_rate, "1/s"),
        plain("following_1100_cameras_core_share", following_core_share(), "ratio"),
        plain("memory_mb_1100_cameras", memory_mb(), "MB"),
    ]


@dataclass(slots=True)
class _Portal:
    """A portal that runs, and the city before it."""

    stack: LocalStack
    port: int
    folder: Path
    city: PortalCity

    def crowd(self, viewers: int, cameras: int) -> Crowd:
        """Let viewers watch the first so many cameras."""
        ids = [camera.camera_id for camera in public_cameras(cameras)]
        found = crowd(self.stack.pid("portal"), self.port, viewers, ids, self.city.shown_at, _WINDOW_SECONDS)
        if self.city.failure is not None:
            raise FatalError(f"the cameras stand still: {self.city.failure!r}")
        print(f"{viewers} viewers of {cameras} cameras: {found}", file=sys.stderr)
        return found

    def newest_url(self) -> str:
        """Give the URL of a frame that may be shown."""
        camera_id, sequence = list(self.city.shown_at)[-3 * CAMERAS]
        return f"/frames/{camera_id}/{self.city.epoch}-{sequence}.jpg"


def _one_camera(portal: _Portal) -> tuple[Crowd, Crowd, int]:
    """Give what few and many viewers of one camera got, and how many are held."""
    few, many = portal.crowd(FEW, 1), portal.crowd(MANY, 1)
    held = MANY if _kept_up(many) else FEW if _kept_up(few) else 0
    for viewers in MORE:
        if held < MANY or not _kept_up(portal.crowd(viewers, 1)):
            break
        held = viewers
    return few, many, held


def _hundred_cameras(portal: _Portal) -> Crowd:
    portal.city.close()
    portal.city = PortalCity(portal.stack.kafka, public_cameras(CAMERAS))
    return portal.crowd(MANY, CAMERAS)


def _naive(folder: Path) -> float:
    jpeg = folder / "street.jpg"
    jpeg.write_bytes(street_jpeg())
    sides = (WIDTH, HEIGHT, WIDTH, HEIGHT)
    boxes_px = [",".join(str(int(part * side)) for part, side in zip(box, sides, strict=True)) for box in PEOPLE]
    return naive_cpu_ms(free_port(), jpeg, boxes_px, _NAIVE_VIEWERS, _WINDOW_SECONDS)


def _kept_up(found: Crowd) -> bool:
    return found.is_held(MOST_DELAY_SECONDS, LEAST_DELIVERED)


@contextmanager
def _running_portal() -> Iterator[_Portal]:
    local = local_settings()
    with TemporaryDirectory(prefix="tilik-bench-") as folder:
        settings = LocalSettings(
            state_dir=Path(folder),
            jars_dir=local.jars_dir or local.state_dir,
            kafka_port=0,
            clickhouse_port=0,
            kafka_heap_mib=512,
        )
        with LocalStack(settings) as stack:
            stack.start_platform()
            ensure_topics(stack.kafka, "local")
            city = PortalCity(stack.kafka, public_cameras(1))
            port = free_port()
            stack.start_services([ServiceRun("portal", env=_env(port))])
            portal = _Portal(stack, port, Path(folder), city)
            try:
                yield portal
            finally:
                portal.city.close()


def _env(port: int) -> dict[str, str]:
    """All viewers come from one address here: the bounds of one client are lifted."""
    told = {
        "PORT": str(port),
        "LIVE__VIEWERS": "100000",
        "LIVE__VIEWERS_EACH": "100000",
        "LIMITS__REQUESTS_PER_SECOND": "100000",
        "LIMITS__REQUESTS_AT_ONCE": _MOST,
        "LIMITS__LIGHT_PER_SECOND": "100000",
        "LIMITS__LIGHT_AT_ONCE": _MOST,
        "LOG_FORMAT": "json",
    }
    return {f"TILIK_PORTAL_{name}": value for name, value in told.items()}
