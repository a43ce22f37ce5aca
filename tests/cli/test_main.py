"""The entry of the command line: what goes to standard output is the command's own, so that `--json` can be read."""

from __future__ import annotations

import json
import subprocess
import sys
from importlib.util import find_spec

from click import Context
from click.testing import CliRunner

from services.cli.__main__ import SUBCOMMANDS
from services.cli.cameras import SUBCOMMANDS as CAMERA_SUBCOMMANDS
from services.cli.cameras import command as cameras_command

CAMERA_COMMANDS = {name: cameras_command.get_command(Context(cameras_command), name) for name in CAMERA_SUBCOMMANDS}
"""Imported while tests are gathered: a library that some of them need opens a socket when it is imported."""

LOGGING_COMMAND = """
import sys, types, click
from services.cli.__main__ import SUBCOMMANDS, main
from services.runtime.logging import get_logger

@click.command()
def command():
    get_logger("trial").warning("trial.waiting", error="no answer")
    click.echo('{"cameras": 1}')

module = types.ModuleType("trial")
module.command = command
sys.modules["trial"] = module
SUBCOMMANDS["trial"] = ("trial", "A command that waits for something.")
sys.argv = ["tilik", "trial"]
main()
"""


def test_logs_go_to_standard_error_so_that_json_can_be_read() -> None:
    done = subprocess.run([sys.executable, "-c", LOGGING_COMMAND], capture_output=True, text=True, check=True)

    assert json.loads(done.stdout) == {"cameras": 1}
    assert json.loads(done.stderr)["event"] == "trial.waiting"


def test_every_subcommand_of_the_table_has_its_file() -> None:
    for name, (module, _) in SUBCOMMANDS.items():
        assert find_spec(module) is not None, name


def test_every_subcommand_of_cameras_can_be_asked_for_help() -> None:
    assert set(CAMERA_COMMANDS) == set(CAMERA_SUBCOMMANDS)
    for name, command in CAMERA_COMMANDS.items():
        assert command is not None, name
        result = CliRunner().invoke(command, ["--help"])
        assert result.exit_code == 0, name
        assert "Usage: " in result.output, name
