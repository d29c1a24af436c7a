"""What can go wrong with a table as a whole; what is wrong with a row is a `Violation` of that row."""

from amss_domain.shared.errors import InvalidInput


class UnreadableFile(InvalidInput):
    """The table cannot be read at all, or not to its end; `violations` holds every reason."""

    code = "unreadable_file"
