"""The report that lies in a file of evidence: one page of HTML that needs nothing else, to read and to print."""

from __future__ import annotations

import base64
from collections.abc import Iterable
from datetime import datetime
from html import escape
from importlib.resources import files
from typing import Final, NamedTuple

from schemas.times import LOCAL_TIME
from services.cli.evidence import report_words as words
from services.cli.evidence.gathering import Clip, Gathered, Picture, Wanted
from services.cli.evidence.report_words import Words
from services.cli.evidence.rows import EpisodeStory

_CLOCK: Final = "%Y-%m-%d %H:%M:%S"
_MINUTE: Final = "%Y-%m-%d %H:%M"
_NOTHING: Final = "—"


class Making(NamedTuple):
    """Who made the file, why, when (ms since 1970), and with which key it is signed."""

    by: str
    why: str
    at_ms: int
    key_id: str


def report_html(story: EpisodeStory, wanted: Wanted, gathered: Gathered, making: Making) -> bytes:
    """Give the report. The same facts give the same bytes."""
    body = [
        f"<header><h1>{_both(words.TITLE)}</h1><p class=id>{story.episode_id}</p></header>",
        _warning(words.SIMULATED) if story.simulated else "",
        _warning(words.ORIGINALS) if wanted.originals else "",
        f"<section><h2>{_both(words.WHAT)}</h2>{_facts(_what(story))}</section>",
        _why(story),
        f"<section><h2>{_both(words.PICTURES)}</h2>{_pictures(gathered)}</section>",
        f"<section><h2>{_both(words.MINUTES)}</h2>{_minutes(gathered)}</section>",
        _missing(gathered),
        _proof(gathered, making),
    ]
    style = (files("services.cli.evidence") / "report.css").read_text(encoding="utf-8")
    title = f"{words.TITLE[0]} {story.episode_id[:12]}"
    page = "\n".join(filter(None, body))
    return (
        '<!doctype html>\n<html lang="id">\n<meta charset="utf-8">\n'
        '<meta name="viewport" content="width=device-width, initial-scale=1">\n'
        f"<title>{escape(title)}</title>\n<style>{style}</style>\n<main>\n{page}\n</main>\n</html>\n"
    ).encode()


def _both(text: Words) -> str:
    """Give a text in both languages, Bahasa Indonesia first."""
    return f'{escape(text[0])} <span lang="en">{escape(text[1])}</span>'


def _told(table: dict[str, Words], name: str) -> str:
    return _both(table[name]) if name in table else escape(name.replace("_", " "))


def _warning(text: Words) -> str:
    return f'<p class=warning role="note">{_both(text)}</p>'


def _clock(at_ms: int, form: str = _CLOCK) -> str:
    return datetime.fromtimestamp(at_ms / 1000, LOCAL_TIME).strftime(form) + " WIB"


def _span(from_ms: int, until_ms: int) -> str:
    since, until = (datetime.fromtimestamp(at_ms / 1000, LOCAL_TIME) for at_ms in (from_ms, until_ms))
    return f"{since:%Y-%m-%d %H:%M:%S} – {until:%H:%M:%S} WIB"


def _facts(facts: Iterable[tuple[Words, str]]) -> str:
    return "<dl>" + "".join(f"<dt>{_both(name)}</dt><dd>{value}</dd>" for name, value in facts) + "</dl>"


def _what(story: EpisodeStory) -> Iterable[tuple[Words, str]]:
    kind = _told(words.EPISODES, story.episode_type)
    yield words.KIND, kind + (f"<br>{_told(words.KINDS, story.kind)}" if story.kind else "")
    where = ", ".join(part for part in (story.camera_name, story.kelurahan, story.kecamatan) if part)
    zone = f" · {escape(story.zone_id)}" if story.zone_id else ""
    yield words.PLACE, f"{escape(where or _NOTHING)}<br><code>{escape(story.camera_id)}</code>{zone}"
    yield words.BEGAN, _clock(story.started_ms)
    yield words.SEEN, _clock(story.last_seen_ms)
    yield words.STATE, _told(words.PHASES, story.phase)
    verdict = _told(words.VERDICTS, story.verdict)
    if story.verdict:
        verdict += f"<br>{escape(story.verdict_by)}, {_clock(story.verdict_ms)}: {escape(story.verdict_why)}"
    yield words.REVIEW, verdict


def _why(story: EpisodeStory) -> str:
    figures = list(zip(story.why_names, story.why_values, story.why_thresholds, story.why_units, strict=False))
    if not figures:
        return ""
    head = "".join(f"<th>{_both(name)}</th>" for name in (words.FIGURE, words.VALUE, words.THRESHOLD))
    lines = "".join(
        f"<tr><td>{_told(words.FIGURES, name)}</td><td>{_figure(value, unit)}</td>"
        f"<td>{_figure(threshold, unit)}</td></tr>"
        for name, value, threshold, unit in figures
    )
    return f"<section><h2>{_both(words.WHY)}</h2><table><tr>{head}</tr>{lines}</table></section>"


def _figure(value: float, unit: str) -> str:
    return f"{value * 100:.3g} %" if unit == "ratio" else f"{value:g} {escape(unit)}"


def _pictures(gathered: Gathered) -> str:
    if not gathered.pictures:
        return f"<p>{_both(words.NO_PICTURES)}</p>"
    shown = sorted(gathered.pictures, key=lambda picture: (picture.fact.captured_at_ms, picture.path))
    return "<div class=pictures>" + "".join(_picture(one, gathered.contents[one.path]) for one in shown) + "</div>"


def _picture(picture: Picture, jpeg: bytes) -> str:
    fact = picture.fact
    roles = ", ".join(words.ROLES[role][0] for role in fact.roles)
    english = ", ".join(words.ROLES[role][1] for role in fact.roles)
    data = base64.b64encode(jpeg).decode()
    revision = f"<br>{_both(words.CAMERA_REVISION)} {fact.camera_revision}" if fact.camera_revision else ""
    alt = f"{words.PICTURES[0]} {roles}, {_clock(fact.captured_at_ms)}"
    return (
        f'<figure><img alt="{escape(alt)}" src="data:image/jpeg;base64,{data}"><figcaption>'
        f"<b>{_both((roles.capitalize(), english))}</b><br>{_clock(fact.captured_at_ms)}<br>"
        f"{_both(words.FORMS[picture.form])}<br><code>{escape(picture.path)}</code>{revision}</figcaption></figure>"
    )


def _minutes(gathered: Gathered) -> str:
    if not gathered.clips and not gathered.gaps:
        return f"<p>{_both(words.NO_MINUTES)}</p>"
    head = "".join(f"<th>{_both(name)}</th>" for name in (words.MINUTE, words.COUNT, words.FILE))
    lines = [(clip.fact.minute_ms, _clip(clip)) for clip in gathered.clips]
    for gap in gathered.gaps:
        told = f"<td colspan=2>{_told(words.GAPS, gap.reason)}</td>"
        lines.append((gap.from_ms, f"<tr class=gap><td>{_span(gap.from_ms, gap.until_ms)}</td>{told}</tr>"))
    return f"<table><tr>{head}</tr>" + "".join(line for _, line in sorted(lines)) + "</table>"


def _clip(clip: Clip) -> str:
    path = escape(clip.path)
    link = f'<a href="{path}">{path}</a>'
    return f"<tr><td>{_clock(clip.fact.minute_ms, _MINUTE)}</td><td>{clip.fact.frame_count}</td><td>{link}</td></tr>"


def _missing(gathered: Gathered) -> str:
    if not gathered.left_out:
        return ""
    lines = "".join(f"<li><code>{escape(one.what)}</code>: {escape(one.why)}</li>" for one in gathered.left_out)
    return f"<section><h2>{_both(words.MISSING)}</h2><ul>{lines}</ul></section>"


def _proof(gathered: Gathered, making: Making) -> str:
    roots = ", ".join(gathered.roots) or _both(words.NO_ROOTS)
    facts = [
        (words.ENTRIES, str(gathered.entry_count)),
        (words.ROOTS, roots),
        (words.KEY, f"<code>{making.key_id}</code>"),
        (words.MADE, f"{_clock(making.at_ms)}, {escape(making.by)}"),
        (words.REASON, escape(making.why)),
    ]
    command = "<pre>tilik evidence verify FILE.zip --public-key KEY.json</pre>"
    how = f"<p>{_both(words.HOW)}</p>{command}<p>{_both(words.LIMITS)}</p><p>{_both(words.LATER_ZONES)}</p>"
    return f"<section><h2>{_both(words.PROOF)}</h2>{_facts(facts)}{how}</section>"
