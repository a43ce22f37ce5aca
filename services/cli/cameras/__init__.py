"""``tilik cameras``: find out what a camera is, keep the registry of cameras, and see how all of them are.

publishing     new revisions into the registry, safely beside others who do so
apply          a cameras.yaml, brought into the registry; diff: what that changes
probe          what a camera is, and its entry to paste; probe_view, probe_entry: how that looks
discover       ONVIF cameras in a network, and their entries (services/cli/onvif)
change         pause, resume, remove, approve, withdraw; confirmation: a person's yes; selection: which cameras are
               meant
picture        a camera's newest picture
listing        the registry with how each camera is; coverage: who owns them; history: one camera's story
store          what those three ask of ClickHouse
cells          outsiders' texts in a terminal
"""

from __future__ import annotations

import click

from services.cli.cameras.publishing import publish, publish_changes, read_wanted
from services.cli.lazy_group import LazyGroup

__all__ = ["SUBCOMMANDS", "command", "publish", "publish_changes", "read_wanted"]

SUBCOMMANDS: dict[str, tuple[str, str]] = {
    "discover": ("services.cli.cameras.discover", "Find cameras in a network by ONVIF, with their streams."),
    "probe": ("services.cli.cameras.probe", "Find out what a camera is; gives the registry entry to paste."),
    "apply": ("services.cli.cameras.apply", "Make the registry say what a cameras.yaml says."),
    "list": ("services.cli.cameras.listing", "List the cameras and how they are, trouble first."),
    "history": ("services.cli.cameras.history", "Tell one camera's story: connected, stalled, back, refused and why."),
    "coverage": ("services.cli.cameras.coverage", "Tell who owns each camera; exit code 1 unless it is exactly one."),
    "picture": ("services.cli.cameras.picture", "Save a camera's newest picture, to look at before it is approved."),
    "pause": ("services.cli.cameras.change:pause_command", "Stop reading cameras for a while."),
    "resume": ("services.cli.cameras.change:resume_command", "Read paused cameras again."),
    "remove": ("services.cli.cameras.change:remove_command", "Remove cameras for good; their history stays."),
    "approve": (
        "services.cli.cameras.change:approve_command",
        "Make cameras public: a person has looked at their pictures.",
    ),
    "withdraw": ("services.cli.cameras.change:withdraw_command", "Make cameras not public any more, at once."),
    "sample-city": ("services.cli.sample_city", "Write the registry of a city like Semarang, to try things on."),
}


@click.group(cls=LazyGroup, subcommands=SUBCOMMANDS)
def command() -> None:
    """Find out what a camera is, keep the registry of cameras, and see how all of them are.

    The way of a camera: `probe` it, paste the entry into a cameras.yaml, `apply` that, see it come up in `list`, look
    at its pictures, `approve` it if they may be public. docs/cameras.md tells all of it.

    The registry keeps every revision of every camera. A camera is known by its camera_id (a-z, 0-9, ".", "_", "-"; 3 to
    64 characters), which never changes: statistics and recordings go by it.
    """
