"""What is sent to ONVIF devices, and what is read out of their answers, which can be anything.

Source: ONVIF Core Specification 23.06, chapters 5.9 and 7; ONVIF Media Service Specification; WS-Discovery 2005/04;
WS-Security UsernameToken Profile 1.0.
"""

from __future__ import annotations

import base64
import hashlib
import secrets
from datetime import datetime
from urllib.parse import unquote, urlsplit
from xml.etree import ElementTree as Xml
from xml.sax.saxutils import escape

from services.ingest.secret_store import Secret

_SOAP = "http://www.w3.org/2003/05/soap-envelope"
_WSSE = "http://docs.oasis-open.org/wss/2004/01/oasis-200401-wss-wssecurity-secext-1.0.xsd"
_WSU = "http://docs.oasis-open.org/wss/2004/01/oasis-200401-wss-wssecurity-utility-1.0.xsd"
_DIGEST = "http://docs.oasis-open.org/wss/2004/01/oasis-200401-wss-username-token-profile-1.0#PasswordDigest"
_SCOPE = "onvif://www.onvif.org/"
_LONGEST_TEXT = 2048

DEVICE = "http://www.onvif.org/ver10/device/wsdl"
MEDIA = "http://www.onvif.org/ver10/media/wsdl"
SCHEMA = "http://www.onvif.org/ver10/schema"
DISCOVERY = "http://schemas.xmlsoap.org/ws/2005/04/discovery"
ADDRESSING = "http://schemas.xmlsoap.org/ws/2004/08/addressing"


class AnswerError(ValueError):
    """An answer is not what was asked for; the text says what is wrong with it."""


def probe_message(message_id: str) -> bytes:
    """Give a WS-Discovery probe for cameras."""
    return (
        f'<?xml version="1.0" encoding="utf-8"?><s:Envelope xmlns:s="{_SOAP}" xmlns:a="{ADDRESSING}" '
        f'xmlns:d="{DISCOVERY}" xmlns:n="http://www.onvif.org/ver10/network/wsdl"><s:Header>'
        f"<a:MessageID>{message_id}</a:MessageID><a:To>urn:schemas-xmlsoap-org:ws:2005:04:discovery</a:To>"
        f"<a:Action>{DISCOVERY}/Probe</a:Action></s:Header><s:Body><d:Probe><d:Types>n:NetworkVideoTransmitter</d:Types>"
        "</d:Probe></s:Body></s:Envelope>"
    ).encode()


def request_message(body: str, secret: Secret | None, created: datetime) -> bytes:
    """Give a SOAP request, signed by ``secret`` if there is one. ``created`` is the device's own time, UTC."""
    header = _security(secret, created) if secret is not None else ""
    return (
        f'<?xml version="1.0" encoding="utf-8"?><s:Envelope xmlns:s="{_SOAP}"><s:Header>{header}</s:Header>'
        f"<s:Body>{body}</s:Body></s:Envelope>"
    ).encode()


def _security(secret: Secret, created: datetime) -> str:
    nonce, at = secrets.token_bytes(16), created.strftime("%Y-%m-%dT%H:%M:%SZ")
    # SHA-1 is what the profile prescribes; the password itself does not travel.
    digest = hashlib.sha1(nonce + at.encode() + secret.password.encode(), usedforsecurity=False).digest()
    return (
        f'<w:Security s:mustUnderstand="1" xmlns:w="{_WSSE}" xmlns:u="{_WSU}"><w:UsernameToken>'
        f"<w:Username>{escape(secret.user)}</w:Username>"
        f'<w:Password Type="{_DIGEST}">{base64.b64encode(digest).decode()}</w:Password>'
        f"<w:Nonce>{base64.b64encode(nonce).decode()}</w:Nonce><u:Created>{at}</u:Created>"
        "</w:UsernameToken></w:Security>"
    )


def parsed(answer: bytes) -> Xml.Element:
    """Give the root of an answer.

    Raises:
        AnswerError: It is no XML in UTF-8, or has a document type: SOAP forbids one, and entities in it can grow
            without bound.
    """
    try:
        text = answer.decode("utf-8-sig")  # in another encoding a document type could pass what looks for it here
    except UnicodeDecodeError as error:
        raise AnswerError(f"the answer is not UTF-8: {error.reason}") from error
    if "\0" in text:  # UTF-16 without a mark is also UTF-8, with a NUL beside each letter, and expat would read it
        raise AnswerError("the answer is not UTF-8: there are NULs in it")
    if "<!DOCTYPE" in text or "<!ENTITY" in text:
        raise AnswerError("the answer has a document type, which SOAP forbids")
    try:
        # From str: the parser takes it for UTF-8 whatever the document says of its encoding.
        return Xml.fromstring(text)  # noqa: S314  (without a document type there is nothing to expand)
    except (Xml.ParseError, ValueError, LookupError) as error:
        raise AnswerError(f"the answer is no XML: {error}") from error


def text_at(element: Xml.Element, path: str) -> str:
    """Give the text at ``path`` without control characters, empty where there is none."""
    text = (element.findtext(path) or "").strip()[:_LONGEST_TEXT]
    return "".join(letter for letter in text if letter.isprintable())


def scope(scopes: str, name: str) -> str:
    """Give what a device's scopes say of ``name``, such as ``hardware``."""
    start = f"{_SCOPE}{name}/"
    found = next((one[len(start) :] for one in scopes.split() if one.startswith(start)), "")
    return "".join(letter for letter in unquote(found)[:80] if letter.isprintable())


def url_at(text: str, schemes: tuple[str, ...], address: str) -> str:
    """Give a URL that a device named, with the device's own address as its host and without users; empty: none."""
    try:
        parts = urlsplit(text)
        port = parts.port
    except ValueError:
        return ""
    if parts.scheme not in schemes or not parts.hostname or any(letter.isspace() for letter in text):
        return ""
    return parts._replace(netloc=f"{address}:{port}" if port else address).geturl()
