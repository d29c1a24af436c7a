"""Refresh tokens and API keys say whose they are, and nothing that was not made here is taken for one."""

import hashlib
import random
import re
from uuid import UUID, uuid4

import pytest

from amss_adapters.security import RandomSecrets
from amss_domain.access.credentials import Presented, Secret, SecretKind
from amss_domain.shared.ids import OrgId

SECRETS = RandomSecrets()
ORG = OrgId(UUID("01920000-0000-7000-8000-0000000000aa"))
ID = UUID("01920000-0000-7000-8000-0000000000bb")


def made() -> dict[SecretKind, Secret]:
    """Return one new secret of each kind."""
    return {
        SecretKind.REFRESH_TOKEN: SECRETS.new_token(ORG, ID),
        SecretKind.API_KEY: SECRETS.new_api_key(ORG, ID),
        SecretKind.PASSWORD_RESET: SECRETS.new_reset_token(ORG, ID),
    }


@pytest.mark.parametrize("kind", SecretKind)
def test_a_secret_says_whose_it_is(kind: SecretKind) -> None:
    """So it is looked up in one organization, and there by its id."""
    secret = made()[kind]

    assert SECRETS.read(secret.text) == Presented(kind=kind, org_id=ORG, id=ID, digest=secret.digest)


@pytest.mark.parametrize("number", [0, 1, 2**128 - 1])
def test_every_id_fits(number: int) -> None:
    """From the nil UUID to the last one."""
    id_ = UUID(int=number)

    read = SECRETS.read(SECRETS.new_api_key(OrgId(id_), id_).text)

    assert read is not None
    assert (read.org_id, read.id) == (id_, id_)


def test_a_key_has_one_length_and_a_prefix_that_scanners_know() -> None:
    """And only letters and digits after it, so that a double click selects it whole."""
    texts = [SECRETS.new_api_key(OrgId(uuid4()), uuid4()).text for _ in range(200)]

    assert all(re.fullmatch(r"amss_live_[0-9A-Za-z]{44}_[0-9A-Za-z]{49}", text) for text in texts)


def test_no_two_are_alike() -> None:
    """Not even for the same id."""
    assert len({SECRETS.new_token(ORG, ID).text for _ in range(1000)}) == 1000


def test_only_a_digest_has_to_be_kept() -> None:
    """It is of the whole text, so that no part of it can be exchanged."""
    secret = SECRETS.new_api_key(ORG, ID)

    assert secret.digest == hashlib.sha256(secret.text.encode()).digest()
    assert secret.text not in repr(secret)


@pytest.mark.parametrize("kind", SecretKind)
def test_a_mistyped_secret_is_none(kind: SecretKind) -> None:
    """The checksum tells, before anything is looked up."""
    text = made()[kind].text
    chosen = random.Random(7)

    for _ in range(2000):
        place = chosen.randrange(len(text))
        other = chosen.choice("0Az_- é")
        changed = text[:place] + other + text[place + 1 :]
        assert changed == text or SECRETS.read(changed) is None


@pytest.mark.parametrize(
    "text",
    ["", "amss_live_", "amss_live_" + "0" * 94, "x" * 100_000, "\ud800", "Bearer x", "eyJhbGciOiJSUzI1NiJ9.e30.c2ln"],
)
def test_what_was_not_made_here_is_none(text: str) -> None:
    """Without failing on it."""
    assert SECRETS.read(text) is None


@pytest.mark.parametrize("kind", SecretKind)
def test_white_space_does_not_belong_to_it(kind: SecretKind) -> None:
    """Whoever reads it from somewhere strips it there."""
    text = made()[kind].text

    assert [SECRETS.read(one) for one in (text + "\n", " " + text, text + "\0")] == [None, None, None]


def test_one_kind_is_not_the_other() -> None:
    """A refresh token with the prefix of a key fails its checksum."""
    token = SECRETS.new_token(ORG, ID).text

    assert SECRETS.read(token.replace("amss_refresh_", "amss_live_")) is None


def test_digests_are_compared_whole() -> None:
    """One that begins alike does not match."""
    digest = SECRETS.new_token(ORG, ID).digest

    assert SECRETS.matches(digest, bytes(digest))
    assert not SECRETS.matches(digest, digest[:-1])
    assert not SECRETS.matches(digest, digest[:-1] + bytes([digest[-1] ^ 1]))
    assert not SECRETS.matches(b"", digest)
