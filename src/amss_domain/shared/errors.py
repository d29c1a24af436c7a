"""The errors of the kernel and the one root of all others."""

from collections.abc import Sequence
from typing import ClassVar

from amss_domain.shared.violation import Violation


class AmssError(Exception):
    """Root of everything AMSS raises on purpose; each leaf is one situation with a stable `code`."""

    code: ClassVar[str] = "amss_error"


class NotFound(AmssError):
    """Nothing with that identity exists in this organization."""

    code = "not_found"

    def __init__(self, kind: str, identity: object) -> None:
        super().__init__(f"there is no {kind} {identity} in this organization")
        self.kind: str = kind
        self.identity: str = str(identity)


class Refused(AmssError):
    """A rule speaks against the request; `violations` holds every reason."""

    code = "refused"

    def __init__(self, violations: Sequence[Violation]) -> None:
        super().__init__("; ".join(violation.message for violation in violations))
        self.violations: tuple[Violation, ...] = tuple(violations)


class InvalidInput(Refused):
    """What was given cannot be understood or breaks a rule of form; `violations` holds every reason."""

    code = "invalid_input"


class NotPermitted(Refused):
    """The actor may not do this; `violations` says which permission or relation is missing."""

    code = "not_permitted"


class AlreadyExists(AmssError):
    """Something unarchived with the same natural key exists already."""

    code = "already_exists"

    def __init__(self, kind: str, key: str) -> None:
        super().__init__(f"a {kind} with the key {key!r} exists already; choose another or change that one")
        self.kind: str = kind
        self.key: str = key


class StaleVersion(AmssError):
    """What was to be saved has been changed by somebody else since it was read."""

    code = "stale_version"

    def __init__(self, kind: str, identity: object) -> None:
        super().__init__(f"{kind} {identity} was changed by somebody else meanwhile; read it again and retry")
        self.kind: str = kind
        self.identity: str = str(identity)


class VersionMismatch(AmssError):
    """What was to be changed is not in the version that the request was made for."""

    code = "version_mismatch"

    def __init__(self, kind: str, identity: object, *, expected: int, found: int) -> None:
        super().__init__(
            f"{kind} {identity} is in version {found} and not in version {expected}; read it again and decide anew"
        )
        self.kind: str = kind
        self.identity: str = str(identity)
        self.expected: int = expected
        self.found: int = found


class ActorInactive(AmssError):
    """The actor has no access any more."""

    code = "actor_inactive"

    def __init__(self, actor_id: str) -> None:
        super().__init__(f"{actor_id} has no access any more")
        self.actor_id: str = actor_id


class KeyTaken(AmssError):
    """A command was committed under the same idempotency key before."""

    code = "key_taken"

    def __init__(self, key: str) -> None:
        super().__init__(f"a command with the idempotency key {key!r} has been carried out before")
        self.key: str = key


class BrokenReference(AmssError):
    """Something was to be saved that points to what does not exist in this organization."""

    code = "broken_reference"

    def __init__(self, constraint: str) -> None:
        super().__init__(f"a referenced object does not exist in this organization ({constraint})")
        self.constraint: str = constraint


class InvariantBroken(AmssError):
    """A backend refused a row that breaks an invariant the domain should have kept."""

    code = "invariant_broken"

    def __init__(self, constraint: str) -> None:
        super().__init__(f"the change would break the invariant {constraint}; nothing was saved")
        self.constraint: str = constraint


class Unavailable(AmssError):
    """A backend cannot be reached or gave up; the same request may succeed later."""

    code = "unavailable"

    def __init__(self, what: str, why: str) -> None:
        super().__init__(f"{what} is not available: {why}")
        self.what: str = what
        self.why: str = why


def refuse_if(violations: Sequence[Violation]) -> None:
    """Raise `Refused` with all of `violations`, if there are any."""
    if violations:
        raise Refused(violations)


def reject_if(violations: Sequence[Violation]) -> None:
    """Raise `InvalidInput` with all of `violations`, if there are any."""
    if violations:
        raise InvalidInput(violations)


def require_version(kind: str, identity: object, *, expected: int | None, found: int) -> None:
    """Raise `VersionMismatch` unless `found` is the version `expected`; None expects any."""
    if expected is not None and expected != found:
        raise VersionMismatch(kind, identity, expected=expected, found=found)
