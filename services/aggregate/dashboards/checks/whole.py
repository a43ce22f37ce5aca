"""Checks of dashboards as a whole: ids, languages, how often they ask again."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator, Sequence
from typing import Final

from services.aggregate.dashboards.checks.finding import Finding, Json, panels_of, uid_of
from services.aggregate.dashboards.grafana import SCHEMA_VERSION, TIMEZONE

FASTEST_REFRESH_S: Final = 30
LONG_RANGE_HOURS: Final = 48
FASTEST_REFRESH_OF_LONG_RANGE_S: Final = 300
"""Nothing in a month changes within five minutes so that one would see it, and each query of it costs the store."""

_SECONDS: Final = {"s": 1, "m": 60, "h": 3600, "d": 86_400, "w": 604_800}
_SPAN: Final = re.compile(r"(\d+)([smhdw])")


def whole_findings(documents: Sequence[Json]) -> Iterator[Finding]:
    """Check what concerns whole dashboards, and all of them together."""
    for uid, count in Counter(document.get("uid") for document in documents).items():
        if uid and count > 1:
            yield Finding(uid, "", f"{count} dashboards have this uid", "Give each a name of its own")
    for document in documents:
        yield from _head(document)
        yield from _refresh(document)
    yield from _languages(documents)


def _head(document: Json) -> Iterator[Finding]:
    uid = uid_of(document)
    if not document.get("uid"):
        yield Finding(uid, "", "it has no uid", "Without one each push would make another dashboard: give it a name")
    for key in ("title", "description"):
        if not str(document.get(key) or "").strip():
            yield Finding(uid, "", f"it has no {key}", f"Write the {key} in both languages")
    if document.get("schemaVersion") != SCHEMA_VERSION:
        yield Finding(uid, "", f"schemaVersion is {document.get('schemaVersion')}", f"Grafana 13 has {SCHEMA_VERSION}")
    if document.get("timezone") != TIMEZONE:
        yield Finding(uid, "", f"its time zone is {document.get('timezone')!r}", f"The city's is {TIMEZONE}")
    if not document.get("panels"):
        yield Finding(uid, "", "it has no panels", "Add one, or remove the dashboard")


def _refresh(document: Json) -> Iterator[Finding]:
    refresh = str(document.get("refresh") or "")
    if not refresh:
        return
    seconds = _seconds(refresh)
    if seconds is None:
        yield Finding(uid_of(document), "", f"refresh {refresh!r} is no duration", "Write it as 30s or 5m")
        return
    hours = (_seconds(str(document.get("time", {}).get("from", ""))) or 0) / 3600
    fastest = FASTEST_REFRESH_OF_LONG_RANGE_S if hours > LONG_RANGE_HOURS else FASTEST_REFRESH_S
    if seconds < fastest:
        what = f"it asks again every {seconds} s and looks back {hours:g} h"
        yield Finding(uid_of(document), "", what, f"Let it wait at least {fastest} s")


def _seconds(text: str) -> int | None:
    found = _SPAN.fullmatch(text.removeprefix("now-"))
    return int(found[1]) * _SECONDS[found[2]] if found else None


def _languages(documents: Sequence[Json]) -> Iterator[Finding]:
    by_uid = {str(document["uid"]): document for document in documents if document.get("uid")}
    for uid, document in by_uid.items():
        if uid.endswith("-id"):
            if uid.removesuffix("-id") not in by_uid:
                yield Finding(uid, "", "there is none in English", "Build both: tilik dashboards build")
        elif (other := by_uid.get(f"{uid}-id")) is None:
            yield Finding(uid, "", "there is none in Bahasa Indonesia", "Build both: tilik dashboards build")
        else:
            yield from _translated(document, other)


def _translated(english: Json, indonesian: Json) -> Iterator[Finding]:
    uid = uid_of(indonesian)
    pairs = [("", english, indonesian)]
    ours, theirs = list(panels_of(english)), list(panels_of(indonesian))
    if len(ours) != len(theirs):
        yield Finding(uid, "", "it has other panels than in English", "Build both: tilik dashboards build")
    else:
        pairs += [(f"panel {one.get('title')!r}", one, other) for one, other in zip(ours, theirs, strict=True)]
    for place, one, other in pairs:
        text = str(one.get("description") or "")
        if text and text == other.get("description"):
            yield Finding(uid, place, "its description is in one language only", "Translate it")
