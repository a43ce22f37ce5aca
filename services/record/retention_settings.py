"""How long each part of the record is kept, besides what a camera's entry in the registry says. Nested settings."""

from __future__ import annotations

from pydantic import BaseModel, ConfigDict, Field

_MOST_DAYS = 3650


class RetentionSettings(BaseModel):
    """How long files stay, by purpose, in days since they were recorded. A legal hold comes before all of them."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    original_days: int = Field(
        3, ge=0, le=_MOST_DAYS, description="Minutes as captured stay so many days, never more than the public ones."
    )
    evidence_days: int = Field(
        90, ge=0, le=_MOST_DAYS, description="Frames of episodes that nobody has judged stay so many days."
    )
    rejected_days: int = Field(
        7, ge=0, le=_MOST_DAYS, description="Frames of episodes that a person rejected stay so many days."
    )
    confirmed_days: int = Field(
        730,
        ge=0,
        le=_MOST_DAYS,
        description="Frames of episodes that a person confirmed stay so many days, and minutes around them too.",
    )
    around_seconds: int = Field(
        300,
        ge=0,
        le=86_400,
        description="Minutes so many seconds before and after a confirmed or held episode stay too.",
    )
