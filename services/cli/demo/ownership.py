"""Who owns each camera, by the workers' own word: each says on ``/metrics`` which cameras it reads."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence

import httpx
from msgspec import Struct
from prometheus_client.parser import text_string_to_metric_families

_METRIC = "tilik_ingest_owner_epoch"
_TIMEOUT_SECONDS = 5.0


class Ownership(Struct, frozen=True):
    """How many cameras exactly one worker owns, how many nobody does, how many two or more do."""

    once: int
    none: int
    twice: int


def ownership(camera_ids: Sequence[str], ports: Iterable[int], host: str = "127.0.0.1") -> Ownership:
    """Ask every ingest worker. One that does not answer owns nothing: its cameras show as owned by nobody. Blocks."""
    owners = Counter(camera_id for port in ports for camera_id in owned_cameras(_exposition(host, port)))
    counts = [owners[camera_id] for camera_id in camera_ids]
    return Ownership(counts.count(1), counts.count(0), sum(count > 1 for count in counts))


def owned_cameras(exposition: str) -> list[str]:
    """Give the cameras that a worker's metrics, in Prometheus' text format, claim: those with an epoch above 0."""
    return [
        sample.labels["camera_id"]
        for family in text_string_to_metric_families(exposition)
        for sample in family.samples
        if sample.name == _METRIC and sample.value > 0
    ]


def _exposition(host: str, port: int) -> str:
    try:
        return httpx.get(f"http://{host}:{port}/metrics", timeout=_TIMEOUT_SECONDS).raise_for_status().text
    except httpx.HTTPError:
        return ""
