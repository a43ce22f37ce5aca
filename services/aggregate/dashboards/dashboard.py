"""What a dashboard is, before it becomes Grafana's JSON: sections of panels, each with its query and its explanation.

A dashboard is declared once, in both languages, and written out once for each (``build.py``). All that is said to
people is a ``Text``; SQL, units, columns and thresholds are the same in both.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Final, Literal, NamedTuple

Language = Literal["en", "id"]
LANGUAGES: Final[tuple[Language, ...]] = ("en", "id")

Drawing = Literal["stat", "timeseries", "barchart", "state-timeline", "table", "geomap", "text"]
"""Types of Grafana's panels; the preview draws these and no others."""

Colour = Literal["green", "yellow", "orange", "red", "blue", "purple", "text"]


class Text(NamedTuple):
    """What people read, in English and in Bahasa Indonesia."""

    en: str
    id: str

    def in_language(self, language: Language) -> str:
        """Give it in one of the languages."""
        return self.en if language == "en" else self.id


def paragraph(*sentences: Text) -> Text:
    """Give one text of several, in their order."""
    return Text(" ".join(text.en for text in sentences), " ".join(text.id for text in sentences))


NO_DATA: Final = Text("no data", "tidak ada data")


class Threshold(NamedTuple):
    """From ``value`` on, in the column's unit, a figure has this colour."""

    value: float
    colour: Colour


class Mapped(NamedTuple):
    """How a value of a column is shown, such as ``flood`` as "Banjir" in red."""

    value: str
    text: Text
    colour: Colour = "text"


@dataclass(frozen=True, slots=True)
class Column:
    """How one column of a query's result is shown.

    Attributes:
        title: Its heading, or the name of its curve.
        unit: Grafana's id of a unit, such as ``percentunit``, ``s``, ``m`` (minutes), ``bytes``, ``dateTimeAsIso``,
            ``none`` (a bare number), ``string``.
        links_to_camera: Its cell leads to the portal's page of the camera that the row's ``camera_id`` names, at the
            moment of the row's ``at`` (or ``time``) where that is among the panel's columns. In a time series or a
            state timeline the camera is the curve's ``camera_id``, the moment the point's.
        hidden: It is queried for a link and not shown.
        no_data: What an empty cell of a table says, where *no data* is too long or not what it means.
        colour: Of its curve or bar; none: the next one of the palette.
    """

    title: Text
    unit: str = "none"
    decimals: int | None = None
    thresholds: tuple[Threshold, ...] = ()
    mapped: tuple[Mapped, ...] = ()
    width_px: int | None = None
    links_to_camera: bool = False
    hidden: bool = False
    no_data: Text | None = None
    colour: Colour | None = None


@dataclass(frozen=True, slots=True)
class Query:
    """What a panel asks: one statement of ClickHouse's SQL, or an expression of PromQL.

    ``sql`` may use the macros of ClickHouse's plugin and the dashboard's variables. A time series has a column ``time``
    first, in order, then one column a curve; or ``time``, one text column that names the curve, and one number.
    ``legend`` is Prometheus' template of a curve's name, such as ``{{partition}}``.
    """

    sql: str = ""
    promql: str = ""
    legend: str = ""


@dataclass(frozen=True, slots=True)
class Panel:
    """One drawing.

    Attributes:
        description: How the figure is made, over what, and when not to trust it.
        queries: One or more; of ``text`` none.
        columns: By name in the result. A column that is not named is shown as it is, without a unit. The first one of a
            ``barchart`` is what its bars stand over. In a ``timeseries`` or ``state-timeline`` a text column (unit
            ``string``, nothing mapped) names the curves or rows. A ``geomap`` shows ``latitude`` and ``longitude``, in
            the colour of the first column with thresholds or mappings. A ``stat`` shows the last row.
        unit: Of every column that is not in ``columns``.
        lying: The bars of a ``barchart`` lie, for long names.
        shortest_interval_s: In a time series of SQL: the least that ``$__timeInterval`` and ``$__interval_s`` mean, in
            s: rows are a minute apart, or an hour, and between them there is nothing to draw.
        width, height: In Grafana's grid of 24 columns.
        body: Markdown, of a ``text`` panel.
        no_data: Shown where nothing came; never a zero.
    """

    drawing: Drawing
    title: Text
    description: Text
    queries: tuple[Query, ...] = ()
    columns: Mapping[str, Column] = field(default_factory=dict)
    unit: str = "none"
    decimals: int | None = None
    thresholds: tuple[Threshold, ...] = ()
    stacked: bool = False
    lying: bool = False
    shortest_interval_s: int = 60
    width: int = 12
    height: int = 8
    body: Text | None = None
    no_data: Text = NO_DATA

    @property
    def naming_columns(self) -> tuple[str, ...]:
        """Give the columns whose text names the curves of a time series or the rows of a state timeline."""
        if self.drawing not in ("timeseries", "state-timeline"):
            return ()
        return tuple(name for name, column in self.columns.items() if column.unit == "string" and not column.mapped)


def figure(title: Text, description: Text, sql: str, columns: Mapping[str, Column], width: int = 4) -> Panel:
    """Give a panel of one row's figures, such as they stand side by side at the top of a dashboard."""
    return Panel("stat", title, description, (Query(sql),), columns, width=width, height=5)


@dataclass(frozen=True, slots=True)
class Section:
    """Panels under one heading, laid out from left to right, top to bottom."""

    title: Text
    panels: tuple[Panel, ...]


@dataclass(frozen=True, slots=True)
class Variable:
    """A choice at the top of a dashboard, of what ``sql`` gives; several may be chosen, or all.

    In SQL: ``$__conditionalAll(kecamatan IN (${kecamatan:singlequote}), $kecamatan)``.
    """

    name: str
    title: Text
    sql: str


@dataclass(frozen=True, slots=True)
class Dashboard:
    """A dashboard. ``name`` is that of its file and, after ``tilik-``, its uid, in Bahasa Indonesia with ``-id``.

    ``hours`` is how far it looks back at first, ``refresh_seconds`` how often it asks again, 0: never by itself.
    ``constants`` are values by name that its SQL takes as ``${name:singlequote}`` and that are changed in its settings.
    """

    name: str
    title: Text
    description: Text
    sections: tuple[Section, ...]
    variables: tuple[Variable, ...] = ()
    hours: int = 24
    refresh_seconds: int = 60
    constants: Mapping[str, str] = field(default_factory=dict)
