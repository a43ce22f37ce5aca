"""Times and durations of the command line."""

from __future__ import annotations

import pytest

from services.cli.recompute.times import duration_ms, instant_ms, local_minute
from services.runtime.errors import ConfigurationError


def test_a_time_without_a_zone_is_semarangs() -> None:
    assert instant_ms("2025-10-13") == 1_760_288_400_000
    assert instant_ms("2025-10-13T07:00") == instant_ms("2025-10-13T00:00Z") == 1_760_313_600_000
    assert local_minute(1_760_313_600_000) == "2025-10-13 07:00 WIB"


@pytest.mark.parametrize(
    "text", ["", "yesterday", "2025-13-01", "2025-10-13T07:00:30", "1969-12-31", "2025-10-13T25:00"]
)
def test_what_is_no_whole_minute_is_refused(text: str) -> None:
    with pytest.raises(ConfigurationError):
        instant_ms(text)


def test_durations_have_a_unit() -> None:
    assert [duration_ms(text) for text in ("30s", "90min", "1.5h", "2d", "5m")] == [
        30_000,
        5_400_000,
        5_400_000,
        172_800_000,
        300_000,
    ]
    for text in ("24", "h", "-1h", "1 week", ""):
        with pytest.raises(ConfigurationError):
            duration_ms(text)
