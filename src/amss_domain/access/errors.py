"""What can go wrong with organizations and users."""

from amss_domain.shared.errors import AmssError


class UnknownOrganization(AmssError):
    """No organization has that id or slug."""

    code = "unknown_organization"

    def __init__(self, identity: object) -> None:
        super().__init__(f"there is no organization {identity}")
        self.identity: str = str(identity)
