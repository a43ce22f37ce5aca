"""``tilik export``: a mart's rows of some days, as a file.

command   what is asked for; writing   from ClickHouse into a file, as it comes; counting   how many rows a file has
"""

from services.cli.export.command import command as command
