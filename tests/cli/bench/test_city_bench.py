"""What ``bench city`` calls a success."""

from __future__ import annotations

from dataclasses import replace

import pytest

from services.cli.bench.city import Steady, figures
from services.cli.bench.measuring.accounts import Account
from services.cli.bench.measuring.exposition import parse_metrics
from services.ingest.metrics import INGEST_METRICS
from services.runtime.metrics import Metrics

ACCOUNT = Account(60, {}, 60, 0, 1, 0, {0: 60})


def missed_goals(captured: int, account: Account = ACCOUNT, in_kafka: int = 60) -> set[str]:
    """The goals that one camera misses whose steady minute gave so many frames."""
    metrics = Metrics(INGEST_METRICS)
    metrics.set("tilik_ingest_cameras_owned", 1)
    before = parse_metrics(metrics.exposition().decode())
    metrics.count("tilik_ingest_frames_captured_total", captured, source_kind="snapshot")
    steady = Steady(60.0, {}, 1.0, 0, before, parse_metrics(metrics.exposition().decode()))
    return {figure.name for figure in figures(steady, account, {0: in_kafka}) if figure.met is False}


@pytest.mark.parametrize(
    ("captured", "account", "in_kafka", "missed"),
    [
        (60, ACCOUNT, 60, set()),
        (59, ACCOUNT, 60, {"steady_captured_ratio"}),
        (0, ACCOUNT, 60, {"steady_captured_ratio"}),
        (60, ACCOUNT, 59, {"frames_unaccounted"}),
        (60, replace(ACCOUNT, unaccounted=1, unfinished=1), 60, {"instants_unaccounted", "epochs_unfinished"}),
    ],
)
def test_missed_samples_and_what_is_unaccounted_for_fail_the_bench(
    captured: int, account: Account, in_kafka: int, missed: set[str]
) -> None:
    assert missed_goals(captured, account, in_kafka) == missed
