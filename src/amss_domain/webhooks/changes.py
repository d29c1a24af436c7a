"""What is to be different about a webhook, and what is told of one."""

from attrs import evolve, field, frozen

from amss_domain.shared.unset import UNSET, Unset
from amss_domain.webhooks.delivery import Attempt, Delivery, Health
from amss_domain.webhooks.webhook import Target, Webhook


@frozen(kw_only=True)
class WebhookChanges:
    """What is to be different about a webhook; `UNSET` leaves a field as it is.

    `active` true also ends its being disabled.
    """

    url: str | Unset = UNSET
    events: tuple[str, ...] | Unset = UNSET
    description: str | Unset = UNSET
    ordered: bool | Unset = UNSET
    active: bool | Unset = UNSET

    def of_target(self, target: Target) -> Target:
        """Return what becomes of a target; a type named twice counts once."""
        return stated(
            evolve(
                target,
                url=target.url if isinstance(self.url, Unset) else self.url,
                events=target.events if isinstance(self.events, Unset) else self.events,
                description=target.description if isinstance(self.description, Unset) else self.description,
                ordered=target.ordered if isinstance(self.ordered, Unset) else self.ordered,
            )
        )

    def of_active(self) -> bool | None:
        """Return whether it is to be active; None when nothing is said about that."""
        return None if isinstance(self.active, Unset) else self.active


@frozen(kw_only=True)
class WebhookWithSecret:
    """A webhook and its new `secret`, which is shown now and never again."""

    webhook: Webhook
    secret: str = field(repr=False)


@frozen(kw_only=True)
class WebhookStanding:
    """A webhook and how it has fared."""

    webhook: Webhook
    health: Health


@frozen(kw_only=True)
class DeliveryWithAttempts:
    """A delivery and every attempt at it, the first one first."""

    delivery: Delivery
    attempts: tuple[Attempt, ...]


def stated(target: Target) -> Target:
    """Return the target as it is kept: each type of event named once, the description without space around it."""
    return evolve(target, events=tuple(dict.fromkeys(target.events)), description=target.description.strip())
