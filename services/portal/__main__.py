"""Run the portal: ``python -m services.portal``."""

from __future__ import annotations

from services.portal.metrics import PORTAL_METRICS
from services.portal.serving import SERVICE, run
from services.portal.settings import PortalSettings
from services.runtime.service import run_service

if __name__ == "__main__":
    run_service(SERVICE, PortalSettings, PORTAL_METRICS, run)
