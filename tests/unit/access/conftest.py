"""A front desk over the memory backend for every test of access."""

import pytest

from amss_domain.testing.front_desk import FrontDesk
from amss_domain.testing.workshop import Workshop


@pytest.fixture
def desk(workshop: Workshop) -> FrontDesk:
    """The front desk of the workshop's organization."""
    return FrontDesk(workshop)
