"""Run detect: ``python -m services.detect``."""

from __future__ import annotations

from services.detect.metrics import DETECT_METRICS
from services.detect.settings import DetectSettings
from services.detect.worker import SERVICE, run
from services.runtime.service import run_service


def main() -> None:
    """Run until told to stop."""
    run_service(SERVICE, DetectSettings, DETECT_METRICS, run)


if __name__ == "__main__":
    main()
