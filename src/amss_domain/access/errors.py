"""What can go wrong with organizations and users, and with proving who one is."""

from amss_domain.shared.errors import AmssError


class UnknownOrganization(AmssError):
    """No organization has that id or slug."""

    code = "unknown_organization"

    def __init__(self, identity: object) -> None:
        super().__init__(f"there is no organization {identity}")
        self.identity: str = str(identity)


class BadCredentials(AmssError):
    """A password, refresh token or API key proves nothing; which part of it is wrong is not told."""

    code = "bad_credentials"

    def __init__(self) -> None:
        super().__init__("these credentials are wrong or no longer valid")


class InvalidToken(AmssError):
    """An access token is not one of ours, was changed, or has expired; `why` says which, and nothing of its content."""

    code = "invalid_token"

    def __init__(self, why: str) -> None:
        super().__init__(f"the access token is not valid: {why}")
        self.why: str = why
