"""What the service detect can be told: environment variables ``TILIK_DETECT_<FIELD>``."""

from __future__ import annotations

from pathlib import Path
from typing import Literal

from pydantic import BaseModel, ConfigDict, Field
from pydantic_settings import SettingsConfigDict

from services.detect.admission import LOWER_CLASS_RATIO, PATIENCE_RATIO
from services.detect.decode import DECODE_THREADS, DECODED_AHEAD, MOST_BYTES, MOST_PIXELS
from services.runtime.settings import ServiceSettings


class LimitSettings(BaseModel):
    """What is decoded at all; beyond, a frame is refused by its header."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    most_bytes: int = Field(MOST_BYTES, ge=1_000, le=100_000_000, description="Bytes of a JPEG.")
    most_pixels: int = Field(MOST_PIXELS, ge=10_000, le=200_000_000, description="Pixels of a JPEG.")


class OverloadSettings(BaseModel):
    """What is shed when more comes than can be judged (ADR 13)."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    patience_ratio: float = Field(
        PATIENCE_RATIO,
        gt=0,
        le=1,
        description="Part of a camera's stale_after_seconds that its frames may wait before this is overload.",
    )
    lower_class_ratio: float = Field(
        LOWER_CLASS_RATIO,
        ge=0,
        le=0.5,
        description="Least part of what is judged under overload that goes to cameras neither of floods nor counters.",
    )


class DetectSettings(ServiceSettings):
    """Settings of detect."""

    model_config = SettingsConfigDict(env_prefix="TILIK_DETECT_")

    group: str = Field("tilik-detect", min_length=1, description="Consumer group; its members share the cameras.")
    detector: str = Field("nanodet", description="Name of the detector: a file in services/detect/detectors.")
    weights: Literal["DEFAULT", "random"] = Field(
        "DEFAULT", description="The detector's published weights, or, for trying the code only, random ones."
    )
    water: bool = Field(
        True, description="Whether water is measured at cameras with a water zone; its network comes with Tilik."
    )
    models_folder: Path = Field(Path(".tilik/models"), description="Where `tilik models fetch` puts weights.")
    device: str = Field("cpu", description="Where the network runs: cpu, cuda, cuda:1.")
    threads: int = Field(
        1,
        ge=1,
        le=256,
        description="CPU threads of the network. Each takes inputs of its own and waits for no other, so two do twice "
        "as much where two cores are free. Replicas do too, and outlive one another.",
    )
    decode_threads: int = Field(
        DECODE_THREADS,
        ge=1,
        le=64,
        description="Threads that decode ahead of the network, on a CPU. A GPU decodes itself.",
    )
    decoded_ahead: int = Field(
        DECODED_AHEAD,
        ge=1,
        le=1024,
        description="Most frames that lie decoded before the network takes them, on a CPU; 2 MB each at most.",
    )
    batch_frames: int = Field(8, ge=1, le=256, description="Inputs that the network takes at once.")
    poll_frames: int = Field(
        64,
        ge=1,
        le=8192,
        description="Most frames between two commits. Several times of what is judged in a second, so that under "
        "overload frames are taken and shed faster than they come.",
    )
    poll_wait_seconds: float = Field(0.05, ge=0.005, le=5, description="How long a poll waits for its batch to fill.")
    stale_after_seconds: float = Field(
        10.0, gt=0, le=86_400, description="Age in Kafka from which a frame is shed, of cameras not in the registry."
    )
    overload: OverloadSettings = Field(default_factory=OverloadSettings, description="What is shed under overload.")
    limits: LimitSettings = Field(default_factory=LimitSettings, description="What is decoded at all.")
