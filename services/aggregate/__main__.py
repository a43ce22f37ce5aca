"""Start the aggregation: settings, then run until told to stop."""

from __future__ import annotations

from services.aggregate.feed_loop import run
from services.aggregate.metrics import AGGREGATE_METRICS
from services.aggregate.settings import AggregateSettings
from services.runtime.service import run_service


def main() -> None:
    """Run ``python -m services.aggregate``."""
    run_service("aggregate", AggregateSettings, AGGREGATE_METRICS, run)


if __name__ == "__main__":
    main()
