"""The laws of what keeps passwords and makes secrets and access tokens."""

from datetime import timedelta
from typing import ClassVar, Final

import pytest

from amss_domain.access.credentials import Claims, Presented, SecretKind
from amss_domain.access.errors import InvalidToken
from amss_domain.access.model import Role
from amss_domain.access.ports import AccessTokens, PasswordHasher, Secrets
from amss_domain.shared.ids import OrgId, UserId
from amss_domain.testing.stand_ins import FRESH_IDS

# Longer than bcrypt looks, differing at the end alone.
_LONG: Final = "correct horse battery staple " * 3
_PASSWORDS: Final = (
    "correct horse",
    "Correct horse",
    "correct horse ",
    "",
    "пароль\x00a",
    "пароль\x00b",
    _LONG,
    _LONG + "!",
)


class PasswordHasherContract:
    """Laws that every hasher keeps; a subclass gives the fixture `hasher`."""

    pytestmark: ClassVar[pytest.MarkDecorator] = pytest.mark.asyncio

    async def test_a_hash_is_of_one_password(self, hasher: PasswordHasher) -> None:
        """`verify` is true for a password and its hash and for no other pair, wherever the two differ."""
        hashes = [await hasher.hash(password) for password in _PASSWORDS]

        for password in _PASSWORDS:
            right = [await hasher.verify(password, hashed) for hashed in hashes]
            assert right == [password == other for other in _PASSWORDS]

    async def test_nobody_has_no_password(self, hasher: PasswordHasher) -> None:
        """`verify` of a user who is unknown or has no password is false, whatever is tried."""
        assert [await hasher.verify(password, None) for password in _PASSWORDS] == [False] * len(_PASSWORDS)

    async def test_a_new_hash_is_not_outdated(self, hasher: PasswordHasher) -> None:
        """`is_outdated` is false for what `hash` makes now, which does not show the password."""
        hashed = await hasher.hash(_LONG)

        assert not hasher.is_outdated(hashed)
        assert "correct" not in hashed


class SecretsContract:
    """Laws that every maker of secrets keeps; a subclass gives the fixture `secrets`."""

    @pytest.mark.parametrize("kind", SecretKind)
    def test_a_secret_says_whose_it_is(self, secrets: Secrets, kind: SecretKind) -> None:
        """`read` returns kind, organization, id and the digest that was given of the text; no two are alike."""
        org_id, id = OrgId(FRESH_IDS.new()), FRESH_IDS.new()
        new = {
            SecretKind.REFRESH_TOKEN: secrets.new_token,
            SecretKind.API_KEY: secrets.new_api_key,
            SecretKind.PASSWORD_RESET: secrets.new_reset_token,
        }[kind]

        first, second = new(org_id, id), new(org_id, id)

        assert secrets.read(first.text) == Presented(kind=kind, org_id=org_id, id=id, digest=first.digest)
        assert first.text != second.text
        assert secrets.matches(first.digest, first.digest)
        assert not secrets.matches(second.digest, first.digest)

    @pytest.mark.parametrize("text", ["", "amss_live_", "x", "\x00", "é" * 60, "00000000-0000-0000-0000-000000000000"])
    def test_what_cannot_be_a_secret_is_none(self, secrets: Secrets, text: str) -> None:
        """`read` returns None for anything of another form."""
        assert secrets.read(text) is None

    def test_secrets_do_not_show(self, secrets: Secrets) -> None:
        """Neither the text nor its digest is in what is printed of a secret."""
        secret = secrets.new_api_key(OrgId(FRESH_IDS.new()), FRESH_IDS.new())

        shown = repr((secret, secrets.read(secret.text)))

        assert secret.text not in shown
        assert repr(secret.digest) not in shown


class AccessTokensContract:
    """Laws that every issuer of access tokens keeps; a subclass gives the fixture `access_tokens`."""

    @pytest.mark.parametrize("role", Role)
    def test_a_token_says_what_was_issued_until_it_expires(self, access_tokens: AccessTokens, role: Role) -> None:
        """`verify` returns the claims until the instant that the token expires at, and not at it."""
        claims = _claims(role)
        token = access_tokens.issue(claims)

        assert access_tokens.verify(token.text, at=token.expires_at - timedelta.resolution) == claims
        for late in (timedelta(0), timedelta(days=900)):
            with pytest.raises(InvalidToken):
                access_tokens.verify(token.text, at=token.expires_at + late)

    @pytest.mark.parametrize("change", ["", "x", "{}x", "x{}", "{} ", "{}.{}", "\x00{}"])
    def test_anything_else_is_refused(self, access_tokens: AccessTokens, change: str) -> None:
        """`verify` raises `InvalidToken` for what was not issued, and tells nothing of it."""
        token = access_tokens.issue(_claims(Role.ADMIN))
        text = change.format(token.text, token.text)

        with pytest.raises(InvalidToken) as raised:
            access_tokens.verify(text, at=token.expires_at - timedelta.resolution)

        assert token.text not in str(raised.value)

    def test_tokens_do_not_show(self, access_tokens: AccessTokens) -> None:
        """The text is not in what is printed of a token."""
        token = access_tokens.issue(_claims(Role.VIEWER))

        assert token.text not in repr(token)


def _claims(role: Role) -> Claims:
    return Claims(
        user_id=UserId(FRESH_IDS.new()),
        org_id=OrgId(FRESH_IDS.new()),
        role=role,
        name="Jo Døe ✈",
        email="jo@example.org",
        session_id=FRESH_IDS.new(),
    )
