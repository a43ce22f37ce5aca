"""What the webhooks can be told: ``TILIK_WEBHOOKS_<FIELD>``, nested fields by ``__``."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

from pydantic import Field, SecretStr
from pydantic_settings import SettingsConfigDict

from services.runtime.settings import ServiceSettings

Seconds = Annotated[float, Field(gt=0)]


class WebhookSettings(ServiceSettings):
    """Settings of ``python -m services.webhooks``."""

    model_config = SettingsConfigDict(env_prefix="TILIK_WEBHOOKS_")

    subscriptions: Path = Field(Path("webhooks.yaml"), description="File that says who is told of what.")
    group: str = Field(
        "tilik-webhooks",
        min_length=1,
        max_length=100,
        description="Prefix of the consumer groups, one a subscription: <group>-<name>.",
    )
    secrets_dir: Path | None = Field(None, description="Folder with one file a secret: whsec_ and a key in base64.")
    secrets: dict[str, SecretStr] = Field(
        default_factory=dict,
        description="Secrets by name, TILIK_WEBHOOKS_SECRETS__<NAME>, where there is no such file.",
    )
    allowed_networks: tuple[str, ...] = Field(
        ("public", "private"),
        description="Addresses that receivers may have: public, private, loopback, or networks such as 192.0.2.0/24.",
    )
    certificates: str = Field("", description="PEM file of authorities to trust besides the system's.")
    timeout_seconds: Seconds = Field(
        10.0, le=60, description="How long connecting may take, and each wait for the receiver, in seconds."
    )
    backoff_first_seconds: Seconds = Field(
        1.0, le=60, description="Pause after the first failure, in seconds; doubles with each one more."
    )
    backoff_most_seconds: Seconds = Field(300.0, le=3600, description="Longest pause after failures, in seconds.")
    give_up_after_seconds: Seconds = Field(
        86_400.0,
        le=30 * 86_400.0,
        description="A change that lies in Kafka for longer undelivered becomes a dead letter. Seconds.",
    )
    batch_records: int = Field(
        100,
        ge=1,
        le=1000,
        description="Changes that a subscription holds in memory at most; within them the newest rules.",
    )
    session_timeout_seconds: Seconds = Field(
        10.0,
        ge=6,
        le=300,
        description="A process that is silent for longer loses its subscriptions' partitions. Seconds.",
    )
