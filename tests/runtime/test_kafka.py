from __future__ import annotations

import pytest
from confluent_kafka import KafkaError, KafkaException

from services.runtime.errors import FatalError, RetryableError
from services.runtime.kafka import translated


@pytest.mark.parametrize(
    ("code", "reaction"),
    [
        (KafkaError._TRANSPORT, RetryableError),
        (KafkaError._MSG_TIMED_OUT, RetryableError),
        (KafkaError.MSG_SIZE_TOO_LARGE, FatalError),
        (KafkaError.INVALID_RECORD, FatalError),
    ],
)
def test_what_kafka_will_never_take_is_not_tried_for_ever(code: int, reaction: type[Exception]) -> None:
    assert type(translated(KafkaException(KafkaError(code)))) is reaction
