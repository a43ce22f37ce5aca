"""Read a service's metrics as Prometheus would."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping
from urllib.request import urlopen

from prometheus_client.parser import text_string_to_metric_families

Samples = Mapping[tuple[str, tuple[tuple[str, str], ...]], float]
"""Values by name and sorted labels."""

_TIMEOUT_SECONDS = 10.0


def read_metrics(address: str) -> Samples:
    """Fetch ``/metrics`` of a service, ``address`` as ``http://127.0.0.1:9101``.

    Raises:
        OSError: It does not answer.
    """
    with urlopen(f"{address}/metrics", timeout=_TIMEOUT_SECONDS) as answer:  # noqa: S310  (our own service)
        return parse_metrics(answer.read().decode())


def parse_metrics(text: str) -> Samples:
    """Read Prometheus' text format."""
    families = text_string_to_metric_families(text)
    return {
        (sample.name, tuple(sorted(sample.labels.items()))): sample.value
        for family in families
        for sample in family.samples
    }


def add(readings: Iterable[Samples]) -> Samples:
    """Add up what several processes of a service say."""
    sums: dict[tuple[str, tuple[tuple[str, str], ...]], float] = {}
    for samples in readings:
        for key, value in samples.items():
            sums[key] = sums.get(key, 0.0) + value
    return sums


def total(samples: Samples, name: str) -> float:
    """Give the sum of a metric over all its labels."""
    return sum(value for (found, _), value in samples.items() if found == name)


def by_label(samples: Samples, name: str, label: str) -> dict[str, float]:
    """Give the sums of a metric for each value of a label."""
    sums: dict[str, float] = {}
    for (found, labels), value in samples.items():
        if found == name:
            key = dict(labels).get(label, "")
            sums[key] = sums.get(key, 0.0) + value
    return sums


def quantile(before: Samples, after: Samples, name: str, ratio: float) -> float:
    """Give a quantile of what a histogram has seen between two readings, as ``histogram_quantile`` does.

    It is interpolated within a bucket; beyond the last bound it is that bound. NaN where nothing was seen.
    """
    then = by_label(before, f"{name}_bucket", "le")
    counts = {
        float(bound): count - then.get(bound, 0.0) for bound, count in by_label(after, f"{name}_bucket", "le").items()
    }
    bounds = sorted(counts)
    wanted = ratio * counts[bounds[-1]] if bounds else 0.0
    if not wanted:
        return math.nan
    lower, below = 0.0, 0.0
    for bound in bounds:
        if counts[bound] >= wanted:
            if math.isinf(bound):
                return lower
            return lower + (bound - lower) * (wanted - below) / (counts[bound] - below)
        lower, below = bound, counts[bound]
    return lower
