"""What the schema can't say of a camera's source: each check gives (path below it, sentence) for all that it finds."""

from __future__ import annotations

import re
from pathlib import Path as FilePath
from urllib.parse import SplitResult, parse_qsl, urlsplit

from schemas.cameras import Source, Token
from services.ingest.http.request import check_headers
from services.ingest.http.token import PLACE
from services.ingest.registry.yaml_lines import Path
from services.ingest.secret_store import SECRET_NAME
from services.ingest.source_errors import SourceRefused
from services.runtime.logging import is_credential_key, redact_url

Found = list[tuple[Path, str]]

_SCHEMES = {
    "mjpeg": ("http", "https"),
    "snapshot": ("http", "https"),
    "hls": ("http", "https"),
    "rtsp": ("rtsp", "rtsps"),
}
_HTTP = ("http", "https")
_TLS = ("https", "rtsps")
_URL = re.compile(r"[a-zA-Z][a-zA-Z0-9+.-]*:/|//|.*://")
_CREDENTIAL_HEADERS = frozenset({"authorization", "proxy-authorization", "cookie", "cookie2", "x-api-key"})


def check_source(source: Source) -> tuple[Found, Found]:
    """Give the errors and the warnings in a source."""
    errors: Found = []
    if source.secret and SECRET_NAME.fullmatch(source.secret) is None:
        errors.append((("secret",), "must be a secret's name (a-z, 0-9, _ and -), never the secret itself"))
    errors += [*_check_ways(source), *_check_headers(source), *_check_token(source)]
    if source.kind in _SCHEMES:
        return errors + _check_url(source), _unchecked_tls(source)
    errors += _check_local(source)
    return errors, [] if errors else _missing_place(source)


def is_url(text: str) -> bool:
    """Tell whether a text that should be a path is a URL: made into a path, it would no longer look like one."""
    return _URL.match(text) is not None


def _check_ways(source: Source) -> Found:
    """Check that what says how pictures come is of this kind."""
    found: Found = []
    if source.transport != "tcp" and source.kind != "rtsp":
        found.append((("transport",), f"is for rtsp sources; a {source.kind} source has none"))
    urls = [source.url, source.token.url if source.token is not None else ""]
    if not source.verify_tls and not any(url.lower().startswith(_TLS) for url in urls):
        found.append((("verify_tls",), "is for https:// and rtsps://; here no certificate is looked at"))
    return found


def _check_url(source: Source) -> Found:
    found, parts = _checked(source.url, _SCHEMES[source.kind])
    if parts is not None and PLACE in parts.netloc:
        found.append(f"has {PLACE} in its host, where no token belongs")
    faults: Found = [(("url",), text) for text in found]
    for name, value in (("clock", source.clock != "wall"), ("loop", source.loop)):
        if value:
            faults.append(((name,), "is for file and stills sources"))
    return faults


def _checked(url: str, schemes: tuple[str, ...]) -> tuple[list[str], SplitResult | None]:
    """Give what is wrong with a URL, and its parts; None where it can't be taken apart."""
    try:
        parts = urlsplit(url)
        host, user, _ = parts.hostname, parts.username, parts.port
    except ValueError:  # its text quotes what it took for a port: it can be a part of a password
        return ["is no URL: its host or port can't be read; a password belongs into a secret"], None
    found: list[str] = []
    if parts.scheme not in schemes or not host:
        found.append(f"must start with {' or '.join(f'{scheme}://' for scheme in schemes)} and name a host")
    if user is not None or parts.password is not None:
        found.append("holds a user or password; put them into a secret and name it under 'secret'")
    fields = parse_qsl(parts.query, keep_blank_values=True)
    named = sorted({key for key, value in fields if is_credential_key(key) and value != PLACE})
    if named:
        text = f"holds {', '.join(map(repr, named))} in its query; put user and password into a secret and name it"
        found.append(f"{text} under 'secret'")
    if any(character.isspace() for character in url):
        found.append("holds white space")
    return found, parts


def _check_headers(source: Source) -> Found:
    if source.headers and source.kind not in _SCHEMES:
        return [(("headers",), f"are for HTTP; a {source.kind} source has none")]
    if source.headers and _SCHEMES[source.kind] != _HTTP:
        return [(("headers",), f"are for HTTP; an {source.kind} source has none")]
    found: Found = []
    for name, value in source.headers.items():
        found += [(("headers", name), text) for text in header_faults(name, value)]
    return found


def header_faults(name: str, value: str) -> list[str]:
    """Give what is wrong with one header of a source."""
    if (name.lower() in _CREDENTIAL_HEADERS or is_credential_key(name)) and PLACE not in value:
        return ["is a credential; put it into a secret ('user:password' or 'bearer TOKEN') and name it under 'secret'"]
    if redact_url(value) != value:
        return ["holds a URL with a password or key in it"]
    try:
        check_headers({name: value})
    except SourceRefused as error:
        return [error.detail]
    return []


def _check_token(source: Source) -> Found:
    has_place = PLACE in source.url or any(PLACE in value for value in source.headers.values())
    if source.kind not in _SCHEMES or _SCHEMES[source.kind] != _HTTP:
        return [(("token",), f"is for HTTP; {source.kind} sources have none")] if source.token is not None else []
    if source.token is None:
        return [((), f"has {PLACE} in its URL or headers, but no 'token' that says where it is fetched")] * has_place
    found: Found = [] if has_place else [(("token",), f"is used nowhere: neither URL nor headers hold {PLACE}")]
    return found + [(("token", *path), text) for path, text in _token_faults(source.token)]


def _token_faults(token: Token) -> Found:
    texts, _ = _checked(token.url, _HTTP)
    if PLACE in token.url:
        texts.append(f"holds {PLACE} itself")
    found: Found = [(("url",), text) for text in texts]
    if token.field and not all(token.field.split(".")):
        found.append((("field",), "must be names joined by single dots"))
    return found


def _unchecked_tls(source: Source) -> Found:
    text = "any certificate is taken: whoever is in between can read the password and show other pictures"
    return [] if source.verify_tls else [(("verify_tls",), text)]


def _check_local(source: Source) -> Found:
    found: Found = []
    if is_url(source.url):
        found.append((("url",), f"a {source.kind} source has a path, no URL"))
    if source.secret:
        found.append((("secret",), f"a {source.kind} source needs none"))
    if source.kind == "file" and source.clock == "recorded" and source.recorded_from_ms == 0:
        found.append((("recorded_from_ms",), "is needed with 'clock: recorded': when the recording began, in ms"))
    return found


def _missing_place(source: Source) -> Found:
    path = FilePath(source.url)
    there = path.is_dir() if source.kind == "stills" else path.is_file()
    return [] if there else [(("url",), f"there is no such {'folder' if source.kind == 'stills' else 'file'} here")]
