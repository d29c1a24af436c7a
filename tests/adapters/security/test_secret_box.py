"""Secrets that are kept can be read with the installation's key, for their organization, and in no other way."""

import base64
import re
from uuid import UUID

import pytest
from attrs import evolve
from hypothesis import given
from hypothesis import strategies as st

from amss_adapters.security import AesSecretBox, new_secrets_key, secrets_keys_of
from amss_domain.shared.ids import OrgId
from amss_domain.webhooks.errors import SecretsUnavailable
from amss_domain.webhooks.webhook import SealedSecret

ORG = OrgId(UUID("01920000-0000-7000-8000-0000000000aa"))
OTHER = OrgId(UUID("01920000-0000-7000-8000-0000000000bb"))
OLD, NEW = bytes(range(32)), bytes(range(32, 64))
BOX = AesSecretBox([OLD])


@given(st.text())
def test_what_was_sealed_is_opened_again(secret: str) -> None:
    """Whatever text it is."""
    assert BOX.opened(BOX.sealed(secret, org_id=ORG), org_id=ORG) == secret


def test_no_two_are_alike() -> None:
    """Not even of the same secret, so nobody sees that two webhooks share one."""
    assert len({BOX.sealed("the same", org_id=ORG).sealed for _ in range(100)}) == 100


def test_nothing_of_the_secret_is_in_what_is_kept() -> None:
    """Nor in what is shown of it but its last characters."""
    secret = BOX.new_secret()

    sealed = BOX.sealed(secret, org_id=ORG)

    assert secret[6:30] not in sealed.sealed
    assert sealed.hint == f"whsec_…{secret[-4:]}"
    assert sealed.sealed not in repr(sealed)


@pytest.mark.parametrize(
    ("secret", "hint"),
    [
        ("", "…"),
        ("short secret", "…"),
        ("a" * 15, "…"),
        ("whsec_" + "a" * 15, "whsec_…"),
        ("x" * 12 + "last", "…last"),
        ("x" * 18 + "last", "…last"),
        ("a secret of our own, with end", "… end"),
        ("x" * 20 + "last", "…last"),
    ],
)
def test_of_a_short_secret_nothing_is_shown(secret: str, hint: str) -> None:
    """Its last four characters would be too much of it."""
    assert BOX.sealed(secret, org_id=ORG).hint == hint


def test_another_organization_cannot_open_it() -> None:
    """Though the key is the same."""
    sealed = BOX.sealed("a secret", org_id=ORG)

    with pytest.raises(SecretsUnavailable):
        BOX.opened(sealed, org_id=OTHER)


def test_another_key_cannot_open_it() -> None:
    """And says what is missing, not what it is."""
    sealed = BOX.sealed("a secret", org_id=ORG)

    with pytest.raises(SecretsUnavailable, match="does not hold the key"):
        AesSecretBox([NEW]).opened(sealed, org_id=ORG)


@pytest.mark.parametrize("place", range(12, 60, 3))
def test_what_was_altered_is_not_opened(place: int) -> None:
    """Wherever it was."""
    kept = BOX.sealed("a secret", org_id=ORG).sealed
    digit = "A" if kept[place] != "A" else "B"

    with pytest.raises(SecretsUnavailable):
        BOX.opened(SealedSecret(sealed=kept[:place] + digit + kept[place + 1 :], hint=""), org_id=ORG)


@pytest.mark.parametrize(
    "kept", ["", "s1", "s2.00000000.AAAA", "s1.0000000g." + "A" * 60, "plain text", "s1..", "\x00"]
)
def test_what_was_never_sealed_is_not_opened(kept: str) -> None:
    """Such as a secret that was kept in clear."""
    with pytest.raises(SecretsUnavailable, match="not kept in a form"):
        BOX.opened(SealedSecret(sealed=kept, hint=""), org_id=ORG)


def test_a_new_key_seals_and_the_old_one_still_opens() -> None:
    """So that a key can be replaced without a moment in which secrets are lost."""
    before = BOX.sealed("the first", org_id=ORG)
    both = AesSecretBox([NEW, OLD])

    after = both.sealed("the second", org_id=ORG)

    assert both.opened(before, org_id=ORG) == "the first"
    assert AesSecretBox([NEW]).opened(after, org_id=ORG) == "the second"
    with pytest.raises(SecretsUnavailable):
        BOX.opened(after, org_id=ORG)


def test_without_a_key_nothing_can_be_kept_or_read() -> None:
    """And the message says which setting is missing."""
    sealed = BOX.sealed("a secret", org_id=ORG)

    with pytest.raises(SecretsUnavailable, match="SECRETS_KEY"):
        AesSecretBox([]).sealed("a secret", org_id=ORG)
    with pytest.raises(SecretsUnavailable, match="SECRETS_KEY"):
        AesSecretBox([]).opened(sealed, org_id=ORG)


def test_keys_do_not_show() -> None:
    """Neither in what a box looks like, nor in what is sealed."""
    assert OLD.hex() not in repr(BOX)
    assert "AAEC" not in repr(BOX)


def test_a_new_secret_is_one_of_standard_webhooks() -> None:
    """The prefix and 24 to 64 random bytes in base64, another each time."""
    secrets = [BOX.new_secret() for _ in range(100)]

    assert len(set(secrets)) == 100
    assert all(re.fullmatch(r"whsec_[A-Za-z0-9+/]+=*", secret) for secret in secrets)
    assert {len(base64.b64decode(secret.removeprefix("whsec_"))) for secret in secrets} == {32}


def test_a_key_that_was_made_can_be_read() -> None:
    """With others beside it, the newest first."""
    first, second = new_secrets_key(), new_secrets_key()

    keys = secrets_keys_of(f"{first}, {second}")

    assert [base64.urlsafe_b64decode(first), base64.urlsafe_b64decode(second)] == [*keys]


@pytest.mark.parametrize(
    "text",
    [
        base64.b64encode(bytes([0xFB] * 32)).decode(),
        base64.urlsafe_b64encode(bytes([0xFB] * 32)).decode(),
        base64.urlsafe_b64encode(bytes([0xFB] * 32)).decode().rstrip("="),
        f" {base64.b64encode(bytes([0xFB] * 32)).decode()}\n",
    ],
)
def test_both_alphabets_of_base64_are_read(text: str) -> None:
    """Padded or not: keys come out of many tools."""
    assert secrets_keys_of(text) == (bytes([0xFB] * 32),)


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ("", "0 bytes in key 1"),
        ("not base64!", "no base64 in key 1"),
        (base64.b64encode(bytes(31)).decode(), "31 bytes in key 1"),
        (base64.b64encode(bytes(33)).decode(), "33 bytes in key 1"),
        (f"{base64.b64encode(bytes(32)).decode()},", "0 bytes in key 2"),
        (",".join([base64.b64encode(bytes(32)).decode()] * 2), "the same key twice"),
    ],
)
def test_what_is_no_key_is_refused_without_repeating_it(text: str, why: str) -> None:
    """It may be one with a letter too few."""
    with pytest.raises(ValueError, match=why) as refused:
        secrets_keys_of(text)

    assert text == "" or text not in str(refused.value)


def test_a_box_takes_whole_keys_alone() -> None:
    """Of 32 bytes."""
    with pytest.raises(ValueError, match="32 bytes"):
        AesSecretBox([bytes(16)])


def test_a_hint_is_no_part_of_what_is_opened() -> None:
    """It is there to be shown."""
    sealed = evolve(BOX.sealed("a secret", org_id=ORG), hint="another")

    assert BOX.opened(sealed, org_id=ORG) == "a secret"
