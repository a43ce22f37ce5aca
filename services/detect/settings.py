"""What the service detect can be told: environment variables ``TILIK_DETECT_<FIELD>``."""

from __future__ import annotations

from pathlib import Path
from typing import Literal

from pydantic import BaseModel, ConfigDict, Field
from pydantic_settings import SettingsConfigDict

from services.detect.decode import MOST_BYTES, MOST_PIXELS
from services.runtime.settings import ServiceSettings


class LimitSettings(BaseModel):
    """What is decoded at all; beyond, a frame is refused by its header."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    most_bytes: int = Field(MOST_BYTES, ge=1_000, le=100_000_000, description="Bytes of a JPEG.")
    most_pixels: int = Field(MOST_PIXELS, ge=10_000, le=200_000_000, description="Pixels of a JPEG.")


class DetectSettings(ServiceSettings):
    """Settings of detect."""

    model_config = SettingsConfigDict(env_prefix="TILIK_DETECT_")

    group: str = Field("tilik-detect", min_length=1, description="Consumer group; its members share the cameras.")
    detector: str = Field("nanodet", description="Name of the detector: a file in services/detect/detectors.")
    weights: Literal["DEFAULT", "random"] = Field(
        "DEFAULT", description="The detector's published weights, or, for trying the code only, random ones."
    )
    models_folder: Path = Field(Path(".tilik/models"), description="Where `tilik models fetch` puts weights.")
    device: str = Field("cpu", description="Where the network runs: cpu, cuda, cuda:1.")
    threads: int = Field(
        1,
        ge=1,
        le=256,
        description="CPU threads of the network. More only on cores that nothing else uses: its threads wait for one "
        "another, and on busy cores two took longer than one. Replicas scale better.",
    )
    batch_frames: int = Field(8, ge=1, le=256, description="Inputs that the network takes at once.")
    poll_frames: int = Field(16, ge=1, le=1024, description="Most frames between two commits.")
    poll_wait_seconds: float = Field(0.05, ge=0.005, le=5, description="How long a poll waits for its batch to fill.")
    stale_after_seconds: float = Field(
        10.0, gt=0, le=86_400, description="Age in Kafka from which a frame is shed, of cameras not in the registry."
    )
    limits: LimitSettings = Field(default_factory=LimitSettings, description="What is decoded at all.")
