"""The recorder as a service: partitions of frames are shared out by a group; what belongs to them is read beside.

::

    frames (group) ──► held in memory ──┐
    camera-events, scene-verdicts ──────┴─► closed minutes ─► threads: encode, store, chain ─► rows ─► commit
    episodes ───────────────────────────────────────────────► threads: copy, seal, chain ────► rows ─► commit

One thread reads and decides; others encode and store. An offset is committed once all before it is in the store, the
chain and the index, so whoever is killed does the last minutes again, and finds in the chain what was done already.
While the store is away minutes wait in memory; when that is full, reading pauses, and Kafka holds the rest.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from contextlib import closing

from services.record.chain import Chains
from services.record.confirmed_clock import ConfirmedClock
from services.record.evidence import Evidence
from services.record.filing import Filing
from services.record.indexed_deletion import IndexedChains
from services.record.reading import Reading
from services.record.recording import Recording
from services.record.retention import Retention
from services.record.sealing import Sealer
from services.record.settings import RecordSettings
from services.record.tasks import Tasks
from services.record.turn import Turns
from services.record.upkeep import Upkeep
from services.record.verdicts_of_episodes import EpisodeVerdict, verdicts_of
from services.runtime.camera_registry import CameraRegistry
from services.runtime.clickhouse import connect
from services.runtime.clock import Clock
from services.runtime.errors import RetryableError
from services.runtime.logging import get_logger
from services.runtime.object_store import ObjectStore
from services.runtime.records_at import RecordsAt
from services.runtime.service import Service

SERVICE = "record"

_REGISTRY_WAIT_SECONDS = 10.0
_SETTLE_EVERY_SECONDS = 1.0
_AGAIN_SECONDS = 2.0

log = get_logger(__name__)


def run(settings: RecordSettings, service: Service) -> None:
    """Record until told to stop.

    Raises:
        ConfigurationError: The store or a key can't be used as the settings say.
        FatalError: Kafka's client can't go on.
    """
    service.health.wait_for("registry", "store", "sealing key", "partitions")
    store = ObjectStore(settings.store)
    registry = CameraRegistry(settings.kafka, SERVICE)
    records = RecordsAt(settings.kafka, f"{SERVICE}-evidence", settings.encoders)
    try:
        filing = Filing(store, Sealer(settings.keys))
        steps = {
            "registry": (lambda: registry.wait_until_current(_REGISTRY_WAIT_SECONDS)),
            "store": store.check,
            "sealing key": filing.check_key,
        }
        if all(_until(step, condition, service) for condition, step in steps.items()):
            _record(settings, service, filing, registry, records)
    finally:
        records.close()
        registry.close()


def _record(
    settings: RecordSettings, service: Service, filing: Filing, registry: CameraRegistry, records: RecordsAt
) -> None:
    clock, store = ConfirmedClock(), filing.store
    chains = Chains(store, clock.of_kafka)
    recording, evidence = Recording(filing, chains), Evidence(filing, chains, records, registry.revisions)
    tasks = Tasks(settings, recording, evidence, service.metrics, service.stopping)
    reading = Reading(settings, service, registry, clock)
    turns = Turns(settings, service, reading, recording, tasks)
    retention = _retention(settings, store, registry, clock.of_kafka)
    upkeep = Upkeep(retention, settings.keys, lambda: 0 in reading.owned, service.metrics, clock, chains)
    upkeep.start()
    settled_at = time.monotonic()
    try:
        while not service.stopping.is_set():
            service.health.touch()
            if (failure := registry.failure) is not None:
                raise failure  # what cameras ask by now would never be known
            turns.take()
            if time.monotonic() - settled_at >= _SETTLE_EVERY_SECONDS:
                turns.settle()
                settled_at = time.monotonic()
    finally:
        service.stopping.set()
        upkeep.close()
        tasks.close()
        turns.close()
        reading.close()


def _retention(settings: RecordSettings, store: ObjectStore, registry: CameraRegistry, dated_by: Clock) -> Retention:
    def episodes_of(camera_id: str) -> list[EpisodeVerdict]:
        with closing(connect(settings.clickhouse, settings.clickhouse.database)) as client:
            return verdicts_of(client, camera_id)

    chains = IndexedChains(store, settings.clickhouse, dated_by)
    return Retention(store, chains, settings.retention, registry.revisions.latest, episodes_of)


def _until(step: Callable[[], None], condition: str, service: Service) -> bool:
    """Try a step until it succeeds; False: told to stop meanwhile."""
    while not service.stopping.is_set():
        service.health.touch()
        try:
            step()
        except RetryableError as error:
            log.warning("record.waits", condition=condition, error=str(error))
            service.stopping.wait(_AGAIN_SECONDS)
        else:
            service.health.fulfil(condition)
            return True
    return False
