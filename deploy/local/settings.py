"""What the local platform can be told: ``TILIK_LOCAL_<FIELD>``."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

from pydantic import Field, ValidationError
from pydantic_settings import BaseSettings, SettingsConfigDict

from services.runtime.errors import ConfigurationError
from services.runtime.settings import Port

HeapMib = Annotated[int, Field(ge=256, le=16_384)]


class LocalSettings(BaseSettings):
    """Where the platform keeps its data and listens. A port of 0 takes a free one."""

    model_config = SettingsConfigDict(env_prefix="TILIK_LOCAL_", frozen=True, extra="forbid")

    state_dir: Path = Field(Path(".tilik"), description="Folder of data, logs and Kafka's jars.")
    jars_dir: Path | None = Field(
        None, description="State folder that has Kafka's jars, where they are shared by several; none: state_dir."
    )
    kafka_port: Port = Field(9092, description="Port of Kafka.")
    kafka_controller_port: Port = Field(0, description="Port of Kafka's controller, which only the broker itself uses.")
    kafka_heap_mib: HeapMib = Field(512, description="Largest heap of the broker's Java, in MiB.")
    clickhouse_port: Port = Field(8123, description="Port of ClickHouse's HTTP interface.")
    clickhouse_memory_gib: float = Field(4.0, ge=0.5, le=1024, description="What ClickHouse's engine may use, in GiB.")
    patience: float = Field(
        1.0,
        ge=1,
        le=100,
        description="How many times as long as usual a process may take until it is ready, on a slow machine; usual is "
        "a minute for Kafka and ClickHouse, two for a service.",
    )


def local_settings() -> LocalSettings:
    """Read the settings from the environment.

    Raises:
        ConfigurationError: A value is not allowed; all of them are named.
    """
    try:
        return LocalSettings()
    except ValidationError as error:
        problems = [f"TILIK_LOCAL_{str(fault['loc'][0]).upper()}: {fault['msg']}" for fault in error.errors()]
        raise ConfigurationError("; ".join(problems)) from error
