"""One reason why something may not happen, as a value that rules return and clients receive."""

from attrs import frozen


@frozen
class Violation:
    """State one reason against, with a stable `code` that clients may branch on.

    `message` says what is wrong and what would make it right. `subject` names what it is about: a field
    (`limits/0/interval`), an object's id or a registration; None when it is the request as a whole.
    """

    code: str
    message: str
    subject: str | None = None
