"""A step from what Grafana holds to what it should hold."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal

Action = Literal["create", "update", "remove", "same", "edited", "locked", "check", "absent"]
"""``remove``: it was pushed once and is wanted no more. ``edited``: somebody changed it by hand, so that only
``--force`` overwrites it. ``locked``: it comes from a file of Grafana's own provisioning. ``check``: nothing changes.
``absent``: it is not there, and no option describes it.
"""


@dataclass(frozen=True, slots=True)
class Change:
    """One thing in Grafana. ``differences`` say where it is not as wanted; ``apply`` makes it so, all or nothing."""

    kind: str
    name: str
    action: Action
    differences: tuple[str, ...] = ()
    apply: Callable[[], None] | None = None

    @property
    def needed(self) -> bool:
        """Tell whether Grafana is not as wanted here."""
        return self.action in ("create", "update", "remove", "edited")
