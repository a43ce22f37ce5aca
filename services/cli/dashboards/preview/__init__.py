"""``tilik dashboards preview``: Grafana's dashboards without Grafana, in the order in which they come to the browser.

command         options, and what is fetched first
process         the preview beside a local stack, as the demonstration runs it
server          the port, ClickHouse, Prometheus
app             the HTTP interface: page, files, answers
documents       as much of the dashboards' files as it takes to ask
asking          a panel's SQL, expanded, of ClickHouse; a choice's values
intervals       how far apart a panel's points are
prometheus      a panel's PromQL
page/           what the browser runs: plain modules, no build; charts by Apache ECharts (deploy/local/chart_library.py)
"""

from services.cli.dashboards.preview.command import command

__all__ = ["command"]
