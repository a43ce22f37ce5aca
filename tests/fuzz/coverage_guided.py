"""A longer hunt, guided by coverage: not part of continuous integration, which has no library for it.

    uv pip install atheris==3.0.0
    python -m tests.fuzz.coverage_guided TARGET [-max_total_time=600 …]     # the rest are libFuzzer's own options

It begins with the seeds of the tests beside it. What it finds is printed, and kept in a file ``crash-…`` of the folder
it runs in: make a literal case of that in the target's test.
"""

from __future__ import annotations

import importlib
import sys
import tempfile
from pathlib import Path
from typing import Any

_INSTRUMENTED = ["services.ingest", "m3u8", "urllib"]
"""What parses; all that is loaded would take minutes to instrument."""


def main(arguments: list[str]) -> None:
    """Hunt until libFuzzer's options say that it is enough, or something was found."""
    atheris: Any = importlib.import_module("atheris")
    with atheris.instrument_imports(include=_INSTRUMENTED, enable_loader_override=False):
        known: Any = importlib.import_module("tests.fuzz.coverage_targets")
    if not arguments or arguments[0] not in known.TARGETS:
        sys.exit(f"usage: python -m tests.fuzz.coverage_guided {{{','.join(known.TARGETS)}}} [libFuzzer's options]")
    target, seeds = known.TARGETS[arguments[0]]

    def one(data: bytes) -> None:
        try:
            target(data)
        except known.EXPECTED:
            return

    with tempfile.TemporaryDirectory(prefix="tilik-fuzz-") as corpus:
        for number, seed in enumerate(seeds):
            (Path(corpus) / f"seed-{number}").write_bytes(seed)
        atheris.Setup([sys.argv[0], corpus, "-max_len=4096", *arguments[1:]], one)
        atheris.Fuzz()


if __name__ == "__main__":
    main(sys.argv[1:])
