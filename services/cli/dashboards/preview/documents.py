"""The dashboards' files, as much of them as it takes to ask their questions. The page draws the rest of them itself."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import msgspec
from msgspec import Struct, field

import services.aggregate.dashboards
from services.runtime.errors import ConfigurationError

GENERATED = Path(services.aggregate.dashboards.__file__).with_name("generated")
_FOREIGN = "-id"
"""What a dashboard's uid ends with in Bahasa Indonesia."""


class Target(Struct, frozen=True, rename="camel"):
    """One question of a panel: SQL, or an expression of PromQL."""

    ref_id: str = "A"
    raw_sql: str = ""
    expr: str = ""
    legend_format: str = ""
    instant: bool = False
    format: int | str = ""


class TextOptions(Struct, frozen=True):
    """What a text panel says, in Markdown."""

    content: str = ""


class Panel(Struct, frozen=True, rename="camel"):
    """One panel. ``interval`` is the shortest time between two points that makes sense for it, such as ``1m``."""

    id: int
    type: str
    title: str = ""
    targets: tuple[Target, ...] = ()
    interval: str = ""
    max_data_points: int = 0
    options: TextOptions = TextOptions()
    panels: tuple[Panel, ...] = ()


class VariableQuery(Struct, frozen=True, rename="camel"):
    """A variable's question where a file writes it as an object."""

    raw_sql: str = ""
    query: str = ""


class Variable(Struct, frozen=True):
    """A choice, or a constant."""

    name: str
    type: str = "query"
    query: str | VariableQuery = ""

    @property
    def sql(self) -> str:
        """Give the statement whose first column are the values to choose from."""
        return self.query if isinstance(self.query, str) else self.query.raw_sql or self.query.query


class Templating(Struct, frozen=True):
    """A dashboard's variables."""

    list: tuple[Variable, ...] = ()


class Dashboard(Struct, frozen=True):
    """One dashboard in one language."""

    uid: str
    title: str
    panels: tuple[Panel, ...]
    description: str = ""
    templating: Templating = field(default_factory=Templating)

    @property
    def language(self) -> str:
        """Give ``en`` or ``id``."""
        return "id" if self.uid.endswith(_FOREIGN) else "en"

    def all_panels(self) -> Iterator[Panel]:
        """Give the panels, also those in rows that are folded up."""
        for panel in self.panels:
            yield panel
            yield from panel.panels

    def variable(self, name: str) -> Variable | None:
        """Give the variable of a name."""
        return next((variable for variable in self.templating.list if variable.name == name), None)


class Documents:
    """The files below a folder, by uid. They are read anew at each call, so that a change is seen at a reload."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def all(self) -> list[Dashboard]:
        """Give all dashboards, in the order of their languages and titles.

        Raises:
            ConfigurationError: There is none, or a file is not a dashboard.
        """
        found = [_decoded(path)[0] for path in sorted(self._folder.rglob("*.json"))]
        if not found:
            raise ConfigurationError(f"{self._folder} holds no dashboard: run `tilik dashboards build`")
        return found

    def one(self, uid: str) -> tuple[Dashboard, bytes] | None:
        """Give the dashboard of a uid, whatever its file is called, and the text of its file.

        Raises:
            ConfigurationError: A file is not a dashboard.
        """
        for path in sorted(self._folder.rglob("*.json"), key=lambda path: path.stem != uid):  # ours are called so
            dashboard, text = _decoded(path)
            if dashboard.uid == uid:
                return dashboard, text
        return None


def _decoded(path: Path) -> tuple[Dashboard, bytes]:
    try:
        text = path.read_bytes()
        return msgspec.json.decode(text, type=Dashboard), text
    except (OSError, msgspec.DecodeError) as error:
        raise ConfigurationError(f"{path} is not a dashboard of Grafana: {error}") from error
