"""What the signed-in area of the portal can be told: ``TILIK_PORTAL_OPERATIONS__<FIELD>``."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field, SecretStr, model_validator

from services.portal.roles import Role
from services.runtime.settings import ClickHouseSettings

Seconds = Annotated[float, Field(gt=0)]
SecretBeginning = Annotated[str, Field(pattern=r"^[a-z0-9][a-z0-9_-]{0,62}$")]
Area = Annotated[str, Field(min_length=1, max_length=200)]


class OpenIdSettings(BaseModel):
    """The OpenID Connect provider that signs people in. Without ``issuer`` there is none: local accounts alone."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    issuer: str = Field(
        "",
        pattern=r"^(https://[^\s?#]+|http://(127\.0\.0\.1|localhost)(:[0-9]+)?(/[^\s?#]*)?)?$",
        description="The provider, https://…; its /.well-known/openid-configuration is read. Empty: none.",
    )
    client_id: str = Field("tilik-portal", min_length=1, max_length=200, description="This portal's name there.")
    client_secret: SecretStr = Field(SecretStr(""), description="This portal's secret there; empty: PKCE alone.")
    scope: str = Field("openid profile email", pattern=r"\bopenid\b", description="Scopes that are asked for.")
    role_claim: str = Field(
        "roles", min_length=1, description="Claim with the roles of a person, names joined by dots: realm_access.roles."
    )
    roles: dict[str, Role] = Field(
        default_factory=lambda: {f"tilik-{role}": role for role in ("viewer", "reviewer", "operator", "admin")},
        description="Which of the provider's roles is which role here; the highest one counts.",
    )
    area_claim: str = Field(
        "tilik_areas",
        min_length=1,
        description="Claim with a person's areas: kelurahan, kecamatan/kelurahan, kecamatan/*, or *; none: no area.",
    )
    name_claim: str = Field(
        "preferred_username", min_length=1, description="Claim with the name that decisions and the audit log keep."
    )
    timeout_seconds: Seconds = Field(5.0, le=30, description="How long the provider may take to answer, in seconds.")

    @model_validator(mode="after")
    def _has_roles(self) -> OpenIdSettings:
        if self.issuer and not self.roles:
            raise ValueError("roles must say which of the provider's roles is which")
        return self


class OperationsSettings(BaseModel):
    """Who may sign in, for how long, and what is kept of what they did."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    secrets_dir: Path = Field(
        Path(".tilik/portal"),
        description="Folder with session.key and accounts.json, made where they are missing. Replicas share it.",
    )
    session_key: SecretStr = Field(
        SecretStr(""), description="Key that signs sessions, 32 characters or more, instead of session.key."
    )
    local_accounts: bool = Field(
        True, description="Whether accounts of accounts.json may sign in. Switch it off where there is a provider."
    )
    idle_seconds: int = Field(1_800, ge=60, le=86_400, description="A session that is not used ends after so long.")
    longest_seconds: int = Field(28_800, ge=300, le=604_800, description="Longest session, in seconds; then anew.")
    tries_per_minute: int = Field(10, ge=1, le=1_000, description="Attempts to sign in from one address in a minute.")
    tries_per_name: int = Field(30, ge=1, le=1_000, description="Attempts to sign in under one name in an hour.")
    openid: OpenIdSettings = Field(default_factory=OpenIdSettings, description="The OpenID Connect provider.")
    audit: ClickHouseSettings | None = Field(
        None,
        description="ClickHouse for the audit log, …__AUDIT__USER and so on: a user that may create and insert into "
        "portal_audit, as those of the role tilik_audit. Unless it is said, as TILIK_PORTAL_CLICKHOUSE.",
    )
    dashboards_url: str = Field(
        "", pattern=r"^(https?://[^\s<>\"']+)?$", description="Address of the dashboards, linked to; empty: no link."
    )
    probing: bool = Field(
        True, description="Whether operators may probe new cameras: needs the extras of ingest beside the portal's."
    )
    probe_seconds: Seconds = Field(45.0, le=300, description="How long probing a camera may take, in seconds.")
    secret_areas: dict[SecretBeginning, Area] = Field(
        default_factory=dict,
        description="Beginnings of cameras' secrets' names, and the area that each belongs to, as JSON: "
        '{"tembalang-": "Tembalang/*"}; the longest that fits counts. An admin names those of their areas at any host, '
        "one of the whole city any; whoever is none only what a camera of their areas has at the same host.",
    )

    @model_validator(mode="after")
    def _key_is_long(self) -> OperationsSettings:
        key = self.session_key.get_secret_value()
        if key and len(key) < 32:
            raise ValueError("session_key must have 32 characters or more")
        return self
