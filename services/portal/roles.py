"""Roles, areas, and the person who is signed in."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Final, Literal, get_args

from schemas.cameras import Camera, Place

Role = Literal["viewer", "reviewer", "operator", "admin"]
"""Each may do what those before it may.

viewer sees cameras and episodes, people made unrecognisable; reviewer confirms and rejects; operator draws zones,
brings in, approves and releases cameras, and may see originals with a reason; admin reads the audit log.
"""

ROLES: Final[tuple[Role, ...]] = get_args(Role)
EVERYWHERE: Final = "*"
_MOST_AREA_BYTES: Final = 1_800


@dataclass(frozen=True, slots=True)
class Person:
    """Who is signed in. ``areas`` are those whose cameras they see; ``session`` names the session."""

    name: str
    role: Role
    areas: tuple[str, ...]
    session: str

    def may(self, least: Role) -> bool:
        """Tell whether the person has this role or a higher one."""
        return ROLES.index(self.role) >= ROLES.index(least)

    def sees(self, camera: Camera) -> bool:
        """Tell whether a camera stands in one of the person's areas."""
        return in_areas(camera.place, self.areas)


def in_areas(place: Place, areas: Iterable[str]) -> bool:
    """Tell whether a place lies in one of the areas.

    An area is ``*``, a kelurahan, ``kecamatan/kelurahan`` or ``kecamatan/*``: names are unique within a kecamatan only.
    """
    wanted = {
        EVERYWHERE,
        place.kelurahan.casefold(),
        f"{place.kecamatan}/{place.kelurahan}".casefold(),
        f"{place.kecamatan}/{EVERYWHERE}".casefold(),
    }
    return any(area.strip().casefold() in wanted for area in areas)


def covers(areas: Iterable[str], area: str) -> bool:
    """Tell whether every place of an area lies in one of the areas, whatever places there are.

    A kelurahan alone is one of any kecamatan, so that ``kecamatan/kelurahan`` does not cover it.
    """
    wanted = area.strip().casefold()
    kecamatan, slash, kelurahan = wanted.partition("/")
    covering = {EVERYWHERE, wanted}
    if slash:
        covering |= {f"{kecamatan}/{EVERYWHERE}"} | ({kelurahan} - {EVERYWHERE})
    return any(each.strip().casefold() in covering for each in areas)


def areas_fit(areas: Iterable[str]) -> bool:
    """Tell whether areas are few enough for a session, which a browser keeps: more than 4 KB it drops."""
    return sum(len(area.encode()) + 3 for area in areas) <= _MOST_AREA_BYTES


def highest(roles: Iterable[Role]) -> Role | None:
    """Give the highest of some roles; None where there is none."""
    return max(roles, key=ROLES.index, default=None)
