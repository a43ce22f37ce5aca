"""Write the reference of settings and metrics from their declarations, or check the committed one.

``python -m services.cli.reference`` writes ``docs/reference.md``; with ``--check`` it exits 1 and shows what differs.
"""

from __future__ import annotations

import argparse
import difflib
import json
import sys
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

from pydantic import BaseModel, SecretStr
from pydantic.fields import FieldInfo
from pydantic_settings import BaseSettings

from deploy.local.settings import LocalSettings
from services.aggregate.metrics import AGGREGATE_METRICS
from services.aggregate.settings import AggregateSettings
from services.detect.metrics import DETECT_METRICS
from services.detect.settings import DetectSettings
from services.ingest.metrics import INGEST_METRICS
from services.ingest.settings import IngestSettings
from services.portal.metrics import PORTAL_METRICS
from services.portal.settings import PortalSettings
from services.record.metrics import RECORD_METRICS
from services.record.settings import RecordSettings
from services.runtime.metrics import MetricDefinition
from services.webhooks.metrics import WEBHOOK_METRICS
from services.webhooks.settings import WebhookSettings

REFERENCE = Path(__file__).parents[2] / "docs" / "reference.md"

_HEAD = """# Reference: settings and metrics

Generated from `settings.py` and `metrics.py` of each service; change those and run `python -m services.cli.reference`.

Every setting is an environment variable. Lists and tables are written as JSON. A variable with a service's prefix that
is not in its table ends the service at once (exit code 78), with all that is wrong named. Health and metrics are at
`/livez`, `/readyz` and `/metrics` of `…_HTTP_PORT`.
"""

_PARTS: tuple[tuple[str, type[BaseSettings], tuple[MetricDefinition, ...]], ...] = (
    ("Ingest", IngestSettings, tuple(INGEST_METRICS)),
    ("Detect", DetectSettings, tuple(DETECT_METRICS)),
    ("Aggregate", AggregateSettings, tuple(AGGREGATE_METRICS)),
    ("Webhooks", WebhookSettings, tuple(WEBHOOK_METRICS)),
    ("Record", RecordSettings, tuple(RECORD_METRICS)),
    ("Portal", PortalSettings, tuple(PORTAL_METRICS)),
    ("The local platform", LocalSettings, ()),
)


def reference() -> str:
    """Give the reference as it should be."""
    lines = [_HEAD]
    for title, settings_type, metrics in _PARTS:
        lines += [f"## {title}\n", "| variable | default | what it is |", "|---|---|---|"]
        lines += _settings_rows(settings_type, settings_type.model_config.get("env_prefix", ""))
        lines.append("")
        if metrics:
            lines += ["| metric | kind | labels | what it counts, and what to do |", "|---|---|---|---|"]
            lines += [_metric_row(metric) for metric in metrics]
            lines.append("")
    return "\n".join(lines)


def _settings_rows(model: type[BaseModel], prefix: str) -> Iterator[str]:
    for name, field in model.model_fields.items():
        variable = f"{prefix}{name}".upper()
        nested = field.annotation
        if isinstance(nested, type) and issubclass(nested, BaseModel):
            yield from _settings_rows(nested, f"{variable}__")
        else:
            yield f"| `{variable}` | {_default(field)} | {_cell(field.description or '')} |"


def _default(field: FieldInfo) -> str:
    if field.default_factory is not None:
        value: Any = {} if field.default_factory is dict else None
        return "made at the start" if value is None else f"`{json.dumps(value)}`"
    value = field.default
    if isinstance(value, SecretStr) or value in ("", None):
        return "none"
    return f"`{json.dumps(value) if isinstance(value, (tuple, list)) else value}`"


def _metric_row(metric: MetricDefinition) -> str:
    labels = ", ".join(metric.labels)
    return f"| `{metric.name}` | {metric.kind} | {labels} | {_cell(metric.help)} |"


def _cell(text: str) -> str:
    return text.replace("|", "\\|").replace("<", "&lt;")


def drift(path: Path = REFERENCE) -> list[str]:
    """Give the lines of a diff from the committed reference to what it should be; none where they agree."""
    committed = path.read_text(encoding="utf-8").splitlines(keepends=True) if path.exists() else []
    wanted = reference().splitlines(keepends=True)
    return list(difflib.unified_diff(committed, wanted, "committed", "generated", n=1))


def main(arguments: Iterable[str] | None = None) -> int:
    """Run the command line; the exit code says whether the committed reference is right."""
    parser = argparse.ArgumentParser(description="Write docs/reference.md, or check it.")
    parser.add_argument("--check", action="store_true", help="only compare")
    options = parser.parse_args(None if arguments is None else list(arguments))
    if options.check:
        difference = drift()
        sys.stdout.writelines(difference)
        return 1 if difference else 0
    REFERENCE.write_text(reference(), encoding="utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main())
