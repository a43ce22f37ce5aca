"""Run the recorder: ``python -m services.record``."""

from __future__ import annotations

from services.record.metrics import RECORD_METRICS
from services.record.settings import RecordSettings
from services.record.worker import SERVICE, run
from services.runtime.service import run_service

if __name__ == "__main__":
    run_service(SERVICE, RecordSettings, RECORD_METRICS, run)
