"""What the portal can be told: ``TILIK_PORTAL_<FIELD>``, nested fields by ``__``."""

from __future__ import annotations

from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field
from pydantic_settings import SettingsConfigDict

from services.portal.operations_settings import OperationsSettings
from services.portal.pages_settings import PagesSettings
from services.runtime.settings import ClickHouseSettings, Port, ServiceSettings
from services.runtime.store_settings import StoreSettings

Seconds = Annotated[float, Field(gt=0)]


class QuestionSettings(BaseModel):
    """How pages ask ClickHouse. Answers are kept for a moment, so that a crowd asks once."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    keep_seconds: Seconds = Field(
        5.0, le=600, description="How long an answer serves whoever asks the same, in seconds, unless a page says else."
    )
    kept_rows: int = Field(
        200_000, ge=1_000, le=10_000_000, description="Rows of kept answers in memory at most; the oldest go first."
    )
    most_rows: int = Field(50_000, ge=100, le=1_000_000, description="Rows that one answer may have.")
    most_seconds: Seconds = Field(10.0, le=60, description="How long ClickHouse may work on one question, in seconds.")
    at_once: int = Field(
        4, ge=1, le=64, description="Questions that are asked at the same time, and as many besides of operations."
    )
    waiting: int = Field(64, ge=1, le=10_000, description="Questions that may wait for their turn; more are refused.")


class PictureSettings(BaseModel):
    """How frames are made fit to be shown, and for whom they are kept."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    threads: int = Field(2, ge=1, le=64, description="Threads that anonymise and encode frames.")
    waiting: int = Field(
        500, ge=1, le=100_000, description="Pictures that may be under way; whoever asks for more is told to come back."
    )
    kept_mib: int = Field(
        256, ge=1, le=65_536, description="Finished pictures in memory at most, in MiB; the longest unused go first."
    )
    quality: int = Field(80, ge=30, le=95, description="JPEG quality of what is shown.")
    longest_px: int = Field(1280, ge=160, le=7680, description="Longest side of a picture that is shown, in px.")
    fetch_seconds: Seconds = Field(5.0, le=60, description="How long Kafka may take to give a frame, in seconds.")
    fresh_seconds: int = Field(
        10, ge=0, le=600, description="How long browsers and caches may keep a picture: it may be withdrawn. Seconds."
    )


class LiveSettings(BaseModel):
    """How live pages are kept up to date."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    viewers: int = Field(
        5_000, ge=1, le=100_000, description="Live streams that one process holds; more are told to come back later."
    )
    viewers_each: int = Field(
        1_000,
        ge=1,
        le=100_000,
        description="Live streams from one address. Phones of one mobile carrier share few: too small shuts them out.",
    )
    heartbeat_seconds: Seconds = Field(
        15.0, le=120, description="Pause between signs of life of a stream, in seconds; never over half silent_seconds."
    )
    silent_seconds: Seconds = Field(
        30.0, le=600, description="A camera without a new frame for longer is said to be silent, in seconds."
    )
    back_seconds: Seconds = Field(
        600.0, le=600, description="How far back frames are shown, in seconds: as long as Kafka keeps them."
    )


class LimitSettings(BaseModel):
    """What one client may ask for. Clients are told apart by their address; of IPv6, by its /64."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    requests_per_second: Seconds = Field(50.0, le=100_000, description="Requests a second from one address, lasting.")
    requests_at_once: int = Field(300, ge=1, le=1_000_000, description="Requests from one address in a burst.")
    light_per_second: Seconds = Field(
        2_000.0,
        le=100_000,
        description="The same of what costs next to nothing: finished pictures, live streams, scripts and styles.",
    )
    light_at_once: int = Field(6_000, ge=1, le=1_000_000, description="The same in a burst.")
    body_bytes: int = Field(1 << 20, ge=1024, le=64 << 20, description="Largest body of a request, in bytes.")
    url_bytes: int = Field(4096, ge=256, le=65_536, description="Longest path with query, in bytes.")


class PortalSettings(ServiceSettings):
    """Settings of ``python -m services.portal``."""

    model_config = SettingsConfigDict(env_prefix="TILIK_PORTAL_")

    host: str = Field("127.0.0.1", description="Address that the portal listens on.")
    port: Port = Field(8080, description="Port of the portal; 0 takes a free one.")
    public_url: str = Field(
        "", pattern=r"^(https?://[^/\s]+)?$", description="How citizens reach it, https://host; empty: as they asked."
    )
    trusted_proxies: tuple[str, ...] = Field(
        ("127.0.0.1", "::1"),
        description="Addresses or networks of proxies whose X-Forwarded-For and -Proto are believed.",
    )
    tile_server: str = Field(
        "",
        pattern=r"^(https?://[^\s'\";,]+)?$",
        description="Map tiles, https://host/{z}/{x}/{y}.png; empty: maps are drawn without.",
    )
    clickhouse: ClickHouseSettings = Field(
        default_factory=ClickHouseSettings, description="ClickHouse, best as a user that may only read."
    )
    store: StoreSettings = Field(default_factory=StoreSettings, description="Where recorded minutes lie.")
    questions: QuestionSettings = Field(default_factory=QuestionSettings, description="How ClickHouse is asked.")
    pictures: PictureSettings = Field(default_factory=PictureSettings, description="How frames are shown.")
    live: LiveSettings = Field(default_factory=LiveSettings, description="How live pages are served.")
    limits: LimitSettings = Field(default_factory=LimitSettings, description="What one client may ask for.")
    operations: OperationsSettings = Field(
        default_factory=OperationsSettings, description="The area of people who are signed in."
    )
    pages: PagesSettings = Field(default_factory=PagesSettings, description="The public pages.")
    leave_seconds: Seconds = Field(10.0, le=60, description="How long open answers may take when it stops, in seconds.")
