"""What can go wrong with a table as a whole; what is wrong with a row is a `Violation` of that row."""

from amss_domain.shared.errors import AmssError, InvalidInput


class UnreadableFile(InvalidInput):
    """The table cannot be read at all, or not to its end; `violations` holds every reason."""

    code = "unreadable_file"


class FileTooLarge(AmssError):
    """A table is larger than the organization's policy allows; nothing of it was kept."""

    code = "too_large"

    def __init__(self, limit_bytes: int) -> None:
        super().__init__(f"The file is larger than the {limit_bytes:,} bytes that your organization's policy allows.")
        self.limit_bytes: int = limit_bytes


class ClaimLost(AmssError):
    """Somebody else works the import off by now; what was about to be committed under the old claim is not."""

    code = "claim_lost"

    def __init__(self, identity: object) -> None:
        super().__init__(f"the import {identity} is worked off by somebody else by now")
        self.identity: str = str(identity)
