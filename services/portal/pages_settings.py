"""What the public pages can be told: ``TILIK_PORTAL_PAGES__<FIELD>``."""

from __future__ import annotations

from pydantic import BaseModel, ConfigDict, Field


class PagesSettings(BaseModel):
    """What the public pages say of the city that runs them, and how much open data one client gets."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    city: str = Field("Semarang", min_length=1, max_length=60, description="Name of the city, as pages are headed.")
    privacy_contact: str = Field(
        "",
        max_length=300,
        description="Whom citizens write to about personal data: office and address. Empty: the page says that the "
        "city has named nobody yet.",
    )
    files_per_minute: int = Field(
        10, ge=1, le=10_000, description="Files of open data that one address gets in a minute."
    )
