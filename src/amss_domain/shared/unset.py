"""The mark of a change that leaves a field as it is, which None cannot be: None says there is no value."""

from enum import Enum
from typing import Final


class Unset(Enum):
    """The one value of this type, `UNSET`, says nothing about a field, where None says it is to be empty."""

    UNSET = "unset"


UNSET: Final = Unset.UNSET
