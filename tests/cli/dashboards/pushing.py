"""Running ``tilik dashboards push`` and ``diff`` against a Grafana of a test."""

from __future__ import annotations

from pathlib import Path
from typing import NamedTuple

from click.testing import CliRunner

from services.aggregate.dashboards.dashboard import Column, Dashboard, Panel, Query, Section, Text
from services.cli.dashboards import command
from services.runtime.errors import TilikError
from tests.cli.dashboards.fake_grafana import PASSWORD, TOKEN, FakeGrafana

SOURCES = ("--clickhouse", "clickhouse:8123", "--clickhouse-user", "grafana", "--prometheus", "http://prometheus:9090")
WEBHOOK = "https://hooks.example.org/T0/very-secret"


class Said(NamedTuple):
    """What a run printed, its exit code, and the error that ended it."""

    code: int
    text: str
    error: TilikError | None


class Pusher:
    """Runs the commands with a token that the Grafana knows; ``folder`` is for files with secrets."""

    def __init__(self, grafana: FakeGrafana, folder: Path) -> None:
        self.grafana, self.folder = grafana, folder
        self.token = self.secret("token", TOKEN)
        self.password = self.secret("password", PASSWORD)

    def secret(self, name: str, text: str) -> str:
        path = self.folder / name
        path.write_text(f"{text}\n")
        return str(path)

    def run(self, name: str, *arguments: str, token: str | None = None, url: str | None = None) -> Said:
        told = [name, "--url", url or self.grafana.url, "--token-file", token or self.token, *arguments]
        return self.run_plainly(*told)

    def run_plainly(self, *arguments: str) -> Said:
        self.grafana.requests.clear()
        self.grafana.writes.clear()
        result = CliRunner().invoke(command, list(arguments), env={"TILIK_GRAFANA_URL": None})
        if result.exception is not None and not isinstance(result.exception, (SystemExit, TilikError)):
            raise result.exception
        error = result.exception if isinstance(result.exception, TilikError) else None
        return Said(result.exit_code, result.output + str(error or ""), error)

    def push(self, *arguments: str) -> Said:
        return self.run("push", *SOURCES, *arguments)

    def diff(self, *arguments: str) -> Said:
        return self.run("diff", *SOURCES, *arguments)


def small_dashboards(names: object = ()) -> list[Dashboard]:
    """Two dashboards, one that asks ClickHouse and one that asks Prometheus."""

    def panel(title: str, query: Query) -> Panel:
        shown = Column(Text("Cameras", "Kamera"), links_to_camera=True)
        return Panel("stat", Text(title, f"{title} (id)"), Text("How", "Cara"), (query,), {"cameras": shown})

    def dashboard(name: str, query: Query) -> Dashboard:
        section = Section(Text("Now", "Kini"), (panel("Seen", query), panel("Blind", query)))
        return Dashboard(name, Text(name.title(), f"{name.title()} (id)"), Text("What", "Apa"), (section,))

    return [
        dashboard("small", Query(sql="SELECT count() AS cameras FROM current_cameras")),
        dashboard("metrics", Query(promql="tilik_aggregate_partitions")),
    ]
