"""What the aggregation can be told: ``TILIK_AGGREGATE_<FIELD>``, nested fields by ``__``."""

from __future__ import annotations

from typing import Annotated

from pydantic import Field
from pydantic_settings import SettingsConfigDict

from services.runtime.settings import ClickHouseSettings, ServiceSettings

Seconds = Annotated[float, Field(gt=0)]


class AggregateSettings(ServiceSettings):
    """Settings of ``python -m services.aggregate``."""

    model_config = SettingsConfigDict(env_prefix="TILIK_AGGREGATE_")

    clickhouse: ClickHouseSettings = Field(default_factory=ClickHouseSettings, description="Where rows are written.")
    group: str = Field(
        "tilik-aggregate",
        min_length=1,
        max_length=100,
        description="Consumer group, and the prefix of the transactional ids that fence former owners of a partition.",
    )
    migrate: bool = Field(True, description="Whether to bring ClickHouse's tables up to date at the start.")
    flush_seconds: Seconds = Field(
        1.0,
        le=60,
        description="Time between two checkpoints, in seconds: what a row waits for at most; up to 5 s where they take "
        "long, as while a worker catches up.",
    )
    unsaved_rows_limit: int = Field(
        60_000,
        ge=100,
        description="Rows held in memory, some 1.5 KB each, before reading pauses: while ClickHouse or Kafka is away, "
        "or a worker catches up.",
    )
    backoff_most_seconds: Seconds = Field(
        15.0, le=300, description="Longest pause between two tries of a checkpoint that fails, in seconds."
    )
    revision_timeout_seconds: Seconds = Field(
        15.0, le=300, description="How long the registry may take to be read up to now, in seconds, before a retry."
    )
    gap_timeout_seconds: Seconds = Field(
        20.0, le=300, description="How long events may be missing from the feed, in seconds, before the process ends."
    )
    fenced_timeout_seconds: Seconds = Field(
        15.0, le=300, description="How long to stay fenced without a rebalance, in seconds, before the process ends."
    )
    session_timeout_seconds: Annotated[float, Field(ge=6, le=300)] = Field(
        6.0, description="Silence after which the group gives this worker's partitions away, in seconds."
    )
