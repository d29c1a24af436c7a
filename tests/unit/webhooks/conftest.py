"""Whoever looks after webhooks, over the memory backend, for every test of webhooks."""

import pytest

from amss_domain.testing.webhook_desk import WebhookDesk
from amss_domain.testing.workshop import Workshop


@pytest.fixture
def desk(workshop: Workshop) -> WebhookDesk:
    """Whoever looks after the webhooks of the workshop's organization."""
    return WebhookDesk(workshop)
