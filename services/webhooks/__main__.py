"""Run the webhooks: ``python -m services.webhooks``."""

from __future__ import annotations

from services.runtime.service import run_service
from services.webhooks.metrics import WEBHOOK_METRICS
from services.webhooks.settings import WebhookSettings
from services.webhooks.worker import SERVICE, run

if __name__ == "__main__":
    run_service(SERVICE, WebhookSettings, WEBHOOK_METRICS, run)
