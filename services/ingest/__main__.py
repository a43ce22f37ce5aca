"""Run the ingest service: ``python -m services.ingest``."""

from __future__ import annotations

from services.ingest.metrics import INGEST_METRICS
from services.ingest.settings import IngestSettings
from services.ingest.worker import run
from services.runtime.service import run_service

if __name__ == "__main__":
    run_service("ingest", IngestSettings, INGEST_METRICS, run)
