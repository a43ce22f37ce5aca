"""All steps, in the order in which they are taken. What others need comes first, so that a lost connection leaves
nothing that rests on something missing. Planning only reads.
"""

from __future__ import annotations

from services.cli.dashboards.provisioning.change import Change
from services.cli.dashboards.provisioning.dashboard_steps import dashboard_change
from services.cli.dashboards.provisioning.resources import (
    absent_source,
    contact_point_changes,
    folder_change,
    health_change,
    require_sources,
    source_change,
)
from services.cli.dashboards.provisioning.rule_steps import rule_group_change
from services.cli.dashboards.provisioning.session import Grafana
from services.cli.dashboards.provisioning.wanted import Wanted


def plan(grafana: Grafana, wanted: Wanted, *, force: bool, set_password: bool, skip_health: bool) -> list[Change]:
    """Give the steps from what Grafana holds to what it should hold.

    Raises:
        ConfigurationError: It can't be pushed to this Grafana as it is, or not with this token.
        RetryableError: Grafana is away.
    """
    described = {source["uid"] for source in wanted.sources}
    present = require_sources(grafana, wanted.needed_sources, described)
    absent = [source for source in wanted.needed_sources if source not in present]
    changes = [absent_source(source) for source in absent]
    changes += [source_change(grafana, source, set_password) for source in wanted.sources]
    if not skip_health:
        changes += [health_change(grafana, source, source["uid"] in described) for source in present]
    changes += [folder_change(grafana, uid, title) for uid, title in wanted.folders]
    changes += [dashboard_change(grafana, folder, document, force) for folder, document in wanted.dashboards]
    changes += contact_point_changes(grafana, wanted.contact_points)
    changes += [rule_group_change(grafana, group, force) for group in wanted.rule_groups]
    return changes
