"""What can go wrong with the keys of an installation."""

from pathlib import Path

from amss_domain.shared.errors import AmssError


class KeysUnusable(AmssError):
    """The file or the folder that holds the keys of this installation cannot be used."""

    code = "keys_unusable"

    def __init__(self, path: Path, why: str) -> None:
        super().__init__(
            f"the keys of this installation cannot be used, {path}: {why}; correct that, or choose another folder with "
            "AMSS_HOME, or set JWT_PRIVATE_KEY_PEM"
        )
        self.path: Path = path
        self.why: str = why
