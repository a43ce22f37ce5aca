"""``tilik recompute``: judge events again, under the same rules or others.

command      what the command line says, and how a run goes
planning     which cameras, in which tasks; what is approximate
overrides    other rules, other zones, and the name that their rows get
pool, work   processes, and what each of them does
room         rows that lie there under the name already
progress     what an interrupted run has done; half_done: a camera in the middle
event_lines  a file of events
row_files    files of rows
times        times and durations on the command line
"""

from __future__ import annotations

from services.cli.recompute.command import command
from services.cli.recompute.event_lines import EventLines, read_line
from services.cli.recompute.row_files import encode_row, iso_time

__all__ = ["EventLines", "command", "encode_row", "iso_time", "read_line"]
