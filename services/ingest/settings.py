"""What the ingest service can be told: ``TILIK_INGEST_<FIELD>``."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Literal, Self

from pydantic import Field, SecretStr, model_validator
from pydantic_settings import SettingsConfigDict

from services.ingest.cpu_quota import usable_cores
from services.ingest.fence import MARGIN_SECONDS
from services.runtime.settings import ServiceSettings

Wait = Annotated[float, Field(gt=0, le=3600)]


class IngestSettings(ServiceSettings):
    """Settings of one ingest worker."""

    model_config = SettingsConfigDict(
        env_prefix="TILIK_INGEST_", frozen=True, extra="forbid", env_nested_delimiter="__"
    )

    group: str = Field("tilik-ingest", description="Consumer group on the registry; its members share the cameras.")
    group_instance_id: str = Field(
        "",
        max_length=249,
        pattern=r"^[A-Za-z0-9._-]*$",
        description="Name under which this worker comes back to its cameras after a restart within the session "
        "time-out, such as the name of a StatefulSet's pod. No two workers may share it. Empty: its cameras go to "
        "others whenever it stops.",
    )
    leave_on_stop: bool = Field(
        False,
        description="Whether a worker with a group_instance_id gives its cameras to others at once when it is told to "
        "stop; else they wait for it for the session time-out.",
    )
    session_timeout_seconds: Annotated[float, Field(ge=6, le=300)] = Field(
        10.0, description="A worker that is silent for so long loses its cameras. The broker allows 6 s and more."
    )
    delivery_timeout_seconds: Wait = Field(
        5.0, description="A frame that Kafka has not acknowledged in so many seconds is missed."
    )
    status_every_seconds: Wait = Field(60.0, description="Each camera's status is repeated after so many seconds.")

    largest_frame_bytes: int = Field(
        900_000,
        ge=10_000,
        le=990_000,
        description="A larger JPEG is encoded again, smaller, to fit into Kafka: 1,000,000 bytes with its headers. "
        "Bytes.",
    )
    largest_picture_bytes: int = Field(
        20_000_000, ge=100_000, description="A source's picture beyond this is refused while it is still coming. Bytes."
    )
    largest_picture_pixels: int = Field(
        25_000_000,
        ge=10_000,
        description="A picture beyond this is refused by its header. Pixels; no more than detectors take.",
    )
    jpeg_quality: int = Field(85, ge=30, le=95, description="Quality of frames that ingest itself encodes.")
    decode_processes: int = Field(
        default_factory=lambda: min(64, usable_cores()),
        ge=1,
        le=64,
        description="Processes in which video is decoded, at most. Unset: the CPU cores that the worker may use, by "
        "its affinity and its container's quota.",
    )
    decode_job_seconds: Wait = Field(
        10.0, description="A process that decodes one picture or segment for longer is ended, and its camera backs off."
    )
    decode_memory_bytes: int = Field(
        2 << 30,
        ge=256 << 20,
        description="Address space of a decoding process beyond what its code takes. A picture of 25 Mpx with its 16 "
        "references takes 0.6 GB. Bytes.",
    )

    allowed_schemes: tuple[Literal["http", "https", "rtsp", "rtsps"], ...] = Field(
        ("http", "https", "rtsp", "rtsps"), description="Schemes that a camera's URL may have."
    )
    allowed_networks: tuple[str, ...] = Field(
        ("public", "private"),
        description="Addresses that cameras may have: public, private, loopback, or networks such as 192.0.2.0/24. "
        "Loopback, link-local and cloud metadata addresses are refused unless named.",
    )
    secrets_dir: Path | None = Field(None, description="Folder with one file a secret: user:password, or bearer TOKEN.")
    secrets: dict[str, SecretStr] = Field(
        default_factory=dict, description="Secrets by name, TILIK_INGEST_SECRETS__<NAME>, where there is no such file."
    )

    connect_timeout_seconds: Wait = Field(5.0, description="A source must answer a connection within so many seconds.")
    response_timeout_seconds: Wait = Field(5.0, description="A source must answer a request within so many seconds.")
    stall_after_seconds: Wait = Field(
        10.0, description="A source without a picture for so long (and for 3 periods) is stalled."
    )
    reconnect_after_seconds: Wait = Field(30.0, description="A source that is stalled for so long is connected anew.")
    backoff_first_seconds: Wait = Field(1.0, description="Pause after the first failure; doubles with each one more.")
    backoff_most_seconds: Wait = Field(60.0, description="Longest pause after failures.")
    refused_pause_seconds: Wait = Field(
        300.0, description="Pause after 401, 403, 404 or a forbidden address: nothing changes by asking again soon."
    )

    @model_validator(mode="after")
    def _frames_end_before_ownership(self) -> Self:
        if self.delivery_timeout_seconds + MARGIN_SECONDS >= self.session_timeout_seconds:
            raise ValueError(
                f"session_timeout_seconds must be more than {MARGIN_SECONDS:g} s longer than delivery_timeout_seconds"
            )
        return self
