"""What the tests of imports start from."""

import pytest

from amss_domain.testing.tables import Importing
from amss_domain.testing.workshop import Workshop


@pytest.fixture
def importing(workshop: Workshop) -> Importing:
    """Takes tables in at the workshop."""
    return Importing.at(workshop)
