"""What the recorder can be told: ``TILIK_RECORD_<FIELD>``, nested fields by ``__``."""

from __future__ import annotations

from typing import Annotated

from pydantic import Field
from pydantic_settings import SettingsConfigDict

from services.record.key_settings import KeySettings
from services.record.retention_settings import RetentionSettings
from services.runtime.settings import ClickHouseSettings, ServiceSettings
from services.runtime.store_settings import StoreSettings

Seconds = Annotated[float, Field(gt=0)]


class RecordSettings(ServiceSettings):
    """Settings of ``python -m services.record``."""

    model_config = SettingsConfigDict(env_prefix="TILIK_RECORD_")

    clickhouse: ClickHouseSettings = Field(default_factory=ClickHouseSettings, description="Where the index is kept.")
    store: StoreSettings = Field(default_factory=StoreSettings, description="Where files and chains are kept.")
    keys: KeySettings = Field(default_factory=KeySettings, description="Keys that sign roots and seal originals.")
    retention: RetentionSettings = Field(
        default_factory=RetentionSettings, description="How long what is recorded stays."
    )
    group: str = Field(
        "tilik-record", min_length=1, max_length=100, description="Consumer group that shares the frames out."
    )
    encoders: int = Field(2, ge=1, le=64, description="Minutes that are encoded and stored at the same time.")
    quality: int = Field(
        40, ge=20, le=60, description="VP9's quantizer of recorded minutes: smaller looks better and takes more room."
    )
    memory_mib: int = Field(
        1024,
        ge=64,
        le=262_144,
        description="Frames held in memory before reading pauses, in MiB: some 5 a recorded camera at 1 frame/s.",
    )
    frame_wait_seconds: Seconds = Field(
        20.0, le=600, description="A camera without a new frame for so long has ended its minute, in seconds."
    )
    verdict_wait_seconds: Seconds = Field(
        300.0,
        le=540,
        description="How long a finished minute waits to be judged, in seconds; then what was not is left out. Kafka "
        "holds frames for ten minutes.",
    )
    evidence_wait_seconds: float = Field(
        5.0,
        ge=0,
        le=120,
        description="How long after a change of an episode its frames are copied at the least, in seconds: until they "
        "are judged. Of a camera with few pictures it is until the next one is, up to 120 s.",
    )
    gap_every_seconds: Seconds = Field(
        900.0, le=7_200, description="How often it is noted that a camera sends nothing, in seconds."
    )
    backoff_first_seconds: Seconds = Field(
        0.5, le=60, description="Pause after the first failure to store, in seconds; doubles with each one more."
    )
    backoff_most_seconds: Seconds = Field(15.0, le=300, description="Longest pause after failures, in seconds.")
