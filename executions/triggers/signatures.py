"""Whether a request was signed by who knows a webhook's secret: HMAC-SHA256 (RFC 2104), compared in constant time."""

import hashlib
import hmac
import re
from collections.abc import Mapping

from executions.triggers.models import Webhook

SIGNATURE = "X-Signature-256"
TIMESTAMP = "X-Timestamp"
GITHUB_SIGNATURE = "X-Hub-Signature-256"
# Signs for webhooks that do not exist, so that their refusal takes as long.
NOBODYS_SECRET = "nobody"  # noqa: S105 - opens nothing

_HEX = re.compile(r"sha256=([0-9a-f]{64})\Z")
_SECONDS = re.compile(r"[0-9]{1,12}\Z")


def is_signed(
    webhook: Webhook | None, headers: Mapping[str, str], body: bytes, *, now: float
) -> bool:
    """Whether body and headers carry the webhook's signature of now; false, after the same work, for no webhook."""
    secret = webhook.secret["hmac"] if webhook is not None else NOBODYS_SECRET
    is_github = webhook is not None and webhook.signature == Webhook.Signature.GITHUB
    timestamp = headers.get(TIMESTAMP, "")
    given = _HEX.match(headers.get(GITHUB_SIGNATURE if is_github else SIGNATURE, ""))
    expected = signature_of(secret, body if is_github else timestamp.encode() + b"." + body)
    is_equal = hmac.compare_digest(expected, given[1] if given else "0" * 64)
    if webhook is None or given is None or not is_equal:
        return False
    return is_github or _is_recent(timestamp, now, webhook.replay_window_seconds)


def signature_of(secret: str, message: bytes) -> str:
    """The HMAC-SHA256 in hexadecimal."""
    return hmac.new(secret.encode(), message, hashlib.sha256).hexdigest()


def fingerprint_of(
    webhook: Webhook, headers: Mapping[str, str], delivery_id: str | None
) -> str | None:
    """What tells a replayed request: its signature, which covers the time. GitHub's does not, so its id counts alone."""
    is_github = webhook.signature == Webhook.Signature.GITHUB
    if is_github and delivery_id is not None:
        return None
    given = headers.get(GITHUB_SIGNATURE if is_github else SIGNATURE, "")
    return hashlib.sha256(given.encode()).hexdigest()


def _is_recent(timestamp: str, now: float, window_seconds: int) -> bool:
    return bool(_SECONDS.match(timestamp)) and abs(now - int(timestamp)) <= window_seconds
