"""Build an ingest worker and run it."""

from __future__ import annotations

from services.ingest.active_cameras import shown_active_cameras
from services.ingest.decoding.confinement import hide
from services.ingest.engine import Engine
from services.ingest.fence import Fence
from services.ingest.name_lookup import make_room_for_lookups
from services.ingest.ownership import Ownership
from services.ingest.settings import IngestSettings
from services.runtime.kafka import ownership_consumer
from services.runtime.service import Service


def run(settings: IngestSettings, service: Service) -> None:
    """Own and read cameras until the service is to stop.

    Raises:
        FatalError: See ``ownership.Ownership.run``.
        ConfigurationError: An allowed network is none.
    """
    make_room_for_lookups()
    hide()
    fence = Fence(settings.session_timeout_seconds)
    engine = Engine(settings, fence, service.metrics)
    try:
        consumer = ownership_consumer(
            settings.kafka, settings.group, settings.session_timeout_seconds, settings.group_instance_id
        )
        with shown_active_cameras(settings.kafka, settings.group, service.metrics):
            Ownership(consumer, engine, fence, service, settings.leave_on_stop).run()
    finally:
        engine.close()
