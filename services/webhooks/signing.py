"""Signatures of webhooks, as Standard Webhooks states them.

    webhook-id         <id>           the same however often a message is sent
    webhook-timestamp  <seconds>      since 1970, of this attempt
    webhook-signature  v1,<base64 of HMAC-SHA256(key, "<id>.<seconds>.<body>")>

A secret is ``whsec_`` and the key in base64, 24 to 64 bytes. Source: Standard Webhooks 1.0, sections "Signature scheme"
and "Webhook headers".
"""

from __future__ import annotations

import base64
import binascii
import hashlib
import hmac

from services.runtime.errors import ConfigurationError

PREFIX = "whsec_"
LEAST_KEY_BYTES, MOST_KEY_BYTES = 24, 64


def key_of(secret: str, name: str) -> bytes:
    """Give the key that a secret holds.

    Raises:
        ConfigurationError: It is no such secret; the text names it by ``name`` and shows nothing of it.
    """
    try:
        if not secret.startswith(PREFIX):
            raise ValueError("no prefix")
        key = base64.b64decode(secret.removeprefix(PREFIX), validate=True)
    except (ValueError, binascii.Error):
        # From None: the error may quote the secret.
        raise ConfigurationError(f"secret {name!r} is not {PREFIX} and a key in base64") from None
    if not LEAST_KEY_BYTES <= len(key) <= MOST_KEY_BYTES:
        raise ConfigurationError(f"secret {name!r}: its key has {len(key)} bytes, not {LEAST_KEY_BYTES} to 64")
    return key


def signed_headers(message_id: str, at_seconds: int, body: bytes, key: bytes) -> dict[str, str]:
    """Give the three headers of a message."""
    signed = b"%s.%d.%s" % (message_id.encode(), at_seconds, body)
    digest = hmac.new(key, signed, hashlib.sha256).digest()
    return {
        "webhook-id": message_id,
        "webhook-timestamp": str(at_seconds),
        "webhook-signature": f"v1,{base64.b64encode(digest).decode()}",
    }
