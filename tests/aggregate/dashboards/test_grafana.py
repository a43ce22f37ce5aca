"""What people see in Grafana rests on these places of the JSON."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from services.aggregate.dashboards.dashboard import Column, Mapped, Panel, Query, Text, Threshold
from services.aggregate.dashboards.grafana import dashboard_json
from services.aggregate.dashboards.grafana_panel import panel_json
from services.aggregate.dashboards.layout import Place
from tests.aggregate.dashboards.sound import make_dashboard, make_documents, panel_of

REPOSITORY = Path(__file__).parents[3]


def properties_of(document: dict[str, Any], column: str) -> dict[str, Any]:
    overrides = document["fieldConfig"]["overrides"]
    said = next(one for one in overrides if one["matcher"] == {"id": "byName", "options": column})
    return {one["id"]: one["value"] for one in said["properties"]}


def make_panel(drawing: Any, columns: dict[str, Column], **given: Any) -> dict[str, Any]:
    panel = Panel(drawing, Text("Title", "Judul"), Text("About", "Tentang"), (Query("SELECT 1"),), columns, **given)
    return panel_json(7, panel, Place(0, 0, 12, 8), "id")


def test_texts_are_in_the_asked_language_and_all_else_is_the_same() -> None:
    english, indonesian = make_documents()
    assert (english["uid"], indonesian["uid"]) == ("tilik-sound", "tilik-sound-id")
    assert (english["title"], indonesian["title"]) == ("Sound", "Sehat")
    assert properties_of(panel_of(indonesian, "stat"), "n")["displayName"] == "aktif"
    assert [one.get("targets") for one in english["panels"]] == [one.get("targets") for one in indonesian["panels"]]


def test_each_dashboard_leads_to_the_others_of_its_language_and_to_itself_in_the_other() -> None:
    _, indonesian = make_documents()
    others, english = indonesian["links"]
    assert others["tags"] == ["tilik-id"]
    assert set(others["tags"]) <= set(indonesian["tags"])
    assert english["url"] == "/d/tilik-sound"


def test_everything_is_chosen_at_first() -> None:
    variables = make_documents()[0]["templating"]["list"]
    assert [one["name"] for one in variables] == ["kecamatan", "kelurahan", "kind", "camera", "portal_url"]
    assert all(one["current"]["value"] == ["$__all"] and one["multi"] for one in variables[:-1])
    assert variables[-1]["hide"] == 2


@pytest.mark.parametrize(("seconds", "text"), [(60, "1m"), (30, "30s"), (300, "5m"), (0, "")])
def test_how_often_it_asks_again_is_written_as_grafana_does(seconds: int, text: str) -> None:
    assert dashboard_json(make_dashboard(refresh_seconds=seconds), "en")["refresh"] == text


def test_a_cell_leads_to_its_rows_camera_at_its_rows_moment() -> None:
    link = properties_of(panel_of(make_documents()[0], "table"), "camera_id")["links"][0]
    assert link["url"] == "${portal_url}/cameras/${__data.fields.camera_id}?at=${__data.fields.at.numeric}"


def test_a_cell_of_a_row_without_a_moment_leads_to_the_camera() -> None:
    link = properties_of(panel_of(make_documents()[0], "geomap"), "camera_id")["links"][0]
    assert link["url"] == "${portal_url}/cameras/${__data.fields.camera_id}"


def test_a_point_of_a_curve_leads_to_the_curves_camera_at_the_points_moment() -> None:
    columns = {
        "camera_id": Column(Text("Camera", "Kamera"), "string"),
        "n": Column(Text("N", "N"), links_to_camera=True),
    }
    link = properties_of(make_panel("timeseries", columns), "n")["links"][0]
    assert link["url"] == "${portal_url}/cameras/${__field.labels.camera_id}?at=${__value.time}"


def test_curves_are_named_by_their_text_column_and_else_by_their_title() -> None:
    naming, figure = Column(Text("Street", "Jalan"), "string"), Column(Text("Cases", "Kasus"))
    assert (
        properties_of(make_panel("timeseries", {"street": naming, "n": figure}), "n")["displayName"]
        == "${__field.labels.street}"
    )
    assert properties_of(make_panel("timeseries", {"n": figure}), "n")["displayName"] == "Kasus"


def test_a_state_timeline_has_a_row_for_each_value_of_its_text_columns() -> None:
    state = Column(Text("State", "Keadaan"), "string", mapped=(Mapped("live", Text("live", "menyala"), "green"),))
    street, camera = Column(Text("Street", "Jalan"), "string"), Column(Text("Camera", "Kamera"), "string")
    panel = make_panel("state-timeline", {"street": street, "camera_id": camera, "state": state})
    assert panel["transformations"][0]["options"]["fields"] == ["street", "camera_id"]
    shown = properties_of(panel, "state")
    assert shown["displayName"] == "${__field.labels.street}"
    assert shown["mappings"][0]["options"]["live"] == {"text": "menyala", "color": "green", "index": 0}


def test_no_data_is_said_and_never_bridged() -> None:
    panel = panel_of(make_documents()[1], "timeseries")
    assert panel["fieldConfig"]["defaults"]["noValue"] == "tidak ada data"
    assert panel["fieldConfig"]["defaults"]["custom"]["spanNulls"] is False
    assert panel["interval"] == "60s"


def test_what_an_empty_table_says_is_not_said_of_an_empty_cell() -> None:
    none = Text("no camera is blind", "tidak ada yang buta")
    panel = make_panel("table", {"at": Column(Text("Since", "Sejak"), "dateTimeAsIso")}, no_data=none)
    assert panel["fieldConfig"]["defaults"]["noValue"] == "tidak ada yang buta"
    assert properties_of(panel, "at")["noValue"] == "tidak ada data"


def test_a_figure_shows_only_what_is_not_hidden() -> None:
    columns = {
        "n": Column(Text("Cases", "Kasus (hari ini)"), thresholds=(Threshold(1, "red"),)),
        "at": Column(Text("At", "Pada"), hidden=True),
    }
    panel = make_panel("stat", columns)
    assert panel["options"]["reduceOptions"]["fields"] == r"/^(Kasus\ \(hari\ ini\))$/"
    assert properties_of(panel, "n")["thresholds"]["steps"] == [
        {"color": "text", "value": None},
        {"color": "red", "value": 1},
    ]


def test_bars_stand_over_the_first_column_and_a_map_has_the_colour_of_the_mapped_one() -> None:
    document = make_documents()[0]
    assert panel_of(document, "barchart")["options"]["xField"] == "hour"
    style = panel_of(document, "geomap")["options"]["layers"][0]["config"]["style"]
    assert style["color"]["field"] == "state"


def test_a_panel_that_asks_both_stores_is_mixed() -> None:
    both = (Query("SELECT 1"), Query(promql="up"))
    panel = Panel("timeseries", Text("T", "T"), Text("D", "D"), both)
    document = panel_json(1, panel, Place(0, 0, 12, 8), "en")
    assert document["datasource"]["uid"] == "-- Mixed --"
    assert [one["datasource"]["uid"] for one in document["targets"]] == ["tilik-clickhouse", "tilik-prometheus"]


def test_a_query_says_for_which_version_of_the_plugin_it_was_written_and_provisioning_pins_that_one() -> None:
    version = panel_of(make_documents()[0], "table")["targets"][0]["pluginVersion"]
    assert f"GRAFANA_CLICKHOUSE_PLUGIN_VERSION:-{version}}}" in (REPOSITORY / "deploy/compose/grafana.yaml").read_text()
