"""The laws of every port as tests to inherit, and what tests are made with; install the extra `testing`."""

import pytest

# The contracts are a library to pytest: without this their assertions would not show the values compared.
pytest.register_assert_rewrite(f"{__name__}.contracts", f"{__name__}.state_machine")
