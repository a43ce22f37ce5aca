"""The demonstration: the whole pipeline on real footage, and the proof that no frame was lost on the way.

command    options, the run in order, exit code
stage      what the demonstration plays on: state folder, footage, cameras
readings   what is asked of ClickHouse, Kafka and the supervisor while it runs
view       the live view, and plain lines where there is no terminal
ending     stop in the order in which a frame travels, until nothing is under way
ownership  who owns each camera, by the workers' own word
accounting captured = detected + shed + dead-lettered + expired + in flight
summary    the figures at the end, as JSON
"""

from __future__ import annotations

from services.cli.demo.command import command

__all__ = ["command"]
