"""Take credentials out of texts: URLs, HTTP headers and tracebacks, as they come in errors and logs.

What can't be told apart is rather taken out. Repetitions are bounded: a text can come from a hostile camera, and must
not cost more than its length.
"""

from __future__ import annotations

import base64
import binascii
import re
from typing import Any

_MOST_CREDENTIAL = 2_000
"""Characters; more than a URL may have in the registry less its host, and than any HTTP server takes in a header."""

_CREDENTIALS = re.compile(
    r"(?P<scheme>[a-zA-Z][a-zA-Z0-9+.-]{0,30}:(?://|\\/\\/))"
    rf"(?:[^/\s:@\[]{{0,{_MOST_CREDENTIAL}}}:(?!\d{{1,5}}(?:[/?#\s]|$))\S{{0,{_MOST_CREDENTIAL}}}@"  # a password may
    rf"|[^/\s]{{0,{_MOST_CREDENTIAL}}}@)"  # hold / and @; host:port/ is none
)
_ENCODED_CREDENTIALS = re.compile(
    rf"(?P<scheme>[a-zA-Z]%3A(?:%2F){{2}}|[a-zA-Z]%3A//)[^\s&/]{{0,{_MOST_CREDENTIAL}}}(?:%40|@)", re.IGNORECASE
)
_QUERY_FIELD = re.compile(
    r"(?P<start>[?&;#])(?P<key>[^=&;?#\s]{1,100})(?P<equals>=)"
    r"(?P<value>(?:[^&;#\s'\"]|['\"](?=[\w%.~-]))*(?:;[^&;#\s'\"=]*(?=[&#\s'\"]|$))*)"
)
_ENCODED_QUERY_FIELD = re.compile(
    r"(?P<start>%3F|%26|%23)(?P<key>[^=&;?#%\s]{1,100})(?P<equals>=|%3D)(?P<value>(?:[^&;#\s'\"%]|%(?!26|23))*)",
    re.IGNORECASE,
)
_HEADER = re.compile(
    r"(?i)(?P<name>(?:proxy-)?authorization['\"]?\s{0,3}[:=,]\s{0,3}(?:b(?=['\"]))?['\"]?)(?P<value>[^\r\n'}]{1,2000})"
)
_BEARER = re.compile(r"(?i)(?P<name>\bbearer\s{1,3})[\w.~+/=-]{6,2000}")
_BASIC = re.compile(r"(?P<name>\b[Bb]asic\s{1,3})(?P<value>[A-Za-z0-9+/]{4,2000}={0,2})")

_CREDENTIAL_KEYS = frozenset(
    {"user", "username", "usr", "login", "pwd", "pass", "passwd", "password", "psw", "token", "key", "auth", "sig"}
)
_CREDENTIAL_PARTS = ("passw", "passphrase", "pwd", "token", "secret", "apikey", "credential", "authoriz", "signature")


def is_credential_key(key: str) -> bool:
    """Tell whether a field of a URL's query is named like one that lets its bearer in."""
    plain = re.sub(r"[^a-z0-9]", "", key.lower())
    return plain in _CREDENTIAL_KEYS or any(part in plain for part in _CREDENTIAL_PARTS)


def redact_url(text: str) -> str:
    """Give a URL, or a text with URLs and headers in it, without users, passwords and tokens.

    With a password before it, all up to the last ``@`` goes. One that begins like a port (``12/3``) is taken for one.
    """
    text = _CREDENTIALS.sub(r"\g<scheme>***@", text)
    text = _ENCODED_CREDENTIALS.sub(r"\g<scheme>***%40", text)
    text = _ENCODED_QUERY_FIELD.sub(_redacted_field, text)
    text = _QUERY_FIELD.sub(_redacted_field, text)
    text = _HEADER.sub(r"\g<name>***", text)
    text = _BEARER.sub(r"\g<name>***", text)
    return _BASIC.sub(_redacted_basic, text)


def redact_facts(value: Any) -> Any:
    """Give what a log line says with every text in it redacted, however deep.

    Numbers stay; of anything else its ``repr`` is redacted: whatever writes the line would have taken that itself.
    """
    if value is None or isinstance(value, bool | int | float):
        return value
    if isinstance(value, str):
        return redact_url(value)
    if isinstance(value, bytes):
        return redact_url(value.decode("utf-8", errors="replace"))
    if isinstance(value, dict):
        return {redact_url(str(key)): redact_facts(part) for key, part in value.items()}
    if isinstance(value, list | tuple | set | frozenset):
        return [redact_facts(part) for part in value]
    return redact_url(repr(value))


def _redacted_field(field: re.Match[str]) -> str:
    shown = "***" if is_credential_key(field["key"]) else field["value"]
    return f"{field['start']}{field['key']}{field['equals']}{shown}"


def _redacted_basic(found: re.Match[str]) -> str:
    """Take out what decodes to ``user:password``; a realm or a word after ``Basic`` stays."""
    try:
        holds_pair = b":" in base64.b64decode(found["value"] + "=" * (-len(found["value"]) % 4))
    except binascii.Error:
        holds_pair = False
    return f"{found['name']}***" if holds_pair else found[0]
