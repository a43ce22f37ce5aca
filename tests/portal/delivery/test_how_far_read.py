"""What is known of a partition that somebody else reads, as the registry is: no more than Kafka has said."""

from __future__ import annotations

import math

from services.portal.delivery.follower import _QUIET_SECONDS, _Read


def test_a_partition_is_known_as_of_when_kafka_told_its_end_once_that_is_read() -> None:
    read = _Read(-math.inf)
    read.goes_on(6, is_end=False)
    assert read.known_at == -math.inf, "Kafka was not asked"

    read.answered(100.0, 7)
    read.goes_on(6, is_end=False)
    assert read.known_at == -math.inf, "one is missing"

    read.goes_on(7, is_end=False)
    assert read.known_at == 100.0, "whoever wrote since then is not known of"


def test_kafka_is_asked_again_once_the_end_that_it_told_is_read_and_old() -> None:
    read = _Read(-math.inf)
    assert read.is_to_be_asked(100.0)

    read.answered(100.0, 7)
    assert not read.is_to_be_asked(100.0 + 2 * _QUIET_SECONDS), "it is read up to the told end first"

    read.goes_on(7, is_end=False)
    assert not read.is_to_be_asked(100.0 + _QUIET_SECONDS / 2)
    assert read.is_to_be_asked(100.0 + 2 * _QUIET_SECONDS)
