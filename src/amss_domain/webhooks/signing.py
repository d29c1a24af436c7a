"""How a delivery is signed: a plain HMAC of its body, and as Standard Webhooks 1.0.0 says.

The plain one is keyed with the text of the secret as it is shown, in UTF-8. Standard Webhooks takes what the base64
after `whsec_` stands for, and the text of any other secret.
"""

import base64
import binascii
import hmac
from collections.abc import Sequence
from typing import Final

from amss_domain.shared.ids import EventId

SECRET_PREFIX: Final = "whsec_"
"""How the secrets begin that are random bytes in base64."""

SIGNATURE: Final = "X-AMSS-Signature"
FORMER_SIGNATURE: Final = "X-AMSS-Signature-Former"


def key_of(secret: str) -> bytes:
    """Return the bytes that a secret signs with by Standard Webhooks.

    A text that only looks like `whsec_` and base64, and cannot be decoded, stands for itself.
    """
    if secret.startswith(SECRET_PREFIX):
        encoded = secret.removeprefix(SECRET_PREFIX)
        try:
            key = base64.b64decode(encoded + "=" * (-len(encoded) % 4), validate=True)
        except (binascii.Error, ValueError):
            key = b""
        if key:
            return key
    return secret.encode()


def body_signature(body: bytes, secret: str) -> str:
    """Return `sha256=` and the hexadecimal HMAC-SHA256 of the body."""
    return "sha256=" + hmac.digest(secret.encode(), body, "sha256").hex()


def message_signature(message_id: str, timestamp: int, body: bytes, key: bytes) -> str:
    """Return `v1,` and the base64 of the HMAC-SHA256 of id, timestamp (Unix seconds) and body, with dots between."""
    signed = f"{message_id}.{timestamp}.".encode() + body
    return "v1," + base64.b64encode(hmac.digest(key, signed, "sha256")).decode()


def signed_headers(body: bytes, *, event_id: EventId, timestamp: int, secrets: Sequence[str]) -> dict[str, str]:
    """Return the headers that let a receiver verify the body, whichever of the secrets (the newest first) it knows.

    `X-AMSS-Signature` is by the newest, `X-AMSS-Signature-Former` by the one before while that is still good, and
    `webhook-signature` lists those of all, the newest first.
    """
    message_id = str(event_id)
    headers = {
        SIGNATURE: body_signature(body, secrets[0]),
        "webhook-id": message_id,
        "webhook-timestamp": str(timestamp),
        "webhook-signature": " ".join(message_signature(message_id, timestamp, body, key_of(one)) for one in secrets),
    }
    if len(secrets) > 1:
        headers[FORMER_SIGNATURE] = body_signature(body, secrets[1])
    return headers
