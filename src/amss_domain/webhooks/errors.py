"""What can go wrong with webhooks."""

from amss_domain.shared.errors import Refused, Unavailable
from amss_domain.shared.violation import Violation


class WebhookDisabled(Refused):
    """Something was asked of a webhook that is disabled."""

    code = "webhook_disabled"

    def __init__(self, reason: str) -> None:
        message = f"the webhook is disabled ({reason}): enable it first, with PATCH and active true"
        super().__init__([Violation("webhook_disabled", message)])


class SecretsUnavailable(Unavailable):
    """Secrets cannot be kept or read: there is no key for them, or another one than they were sealed with."""

    code = "secrets_unavailable"
