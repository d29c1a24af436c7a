"""Passwords are hashed whole, checked in the same time whoever they are of, and only so many at once."""

import asyncio
import statistics
import threading
import time
from collections.abc import Iterator

import bcrypt
import pytest

from amss_adapters.security.passwords import BcryptPasswords
from amss_domain.shared.errors import Unavailable

CHEAP = 4


@pytest.fixture
def passwords() -> Iterator[BcryptPasswords]:
    """Passwords at the least price there is."""
    made = BcryptPasswords(cost=CHEAP)
    yield made
    made.close()


@pytest.mark.parametrize(
    "password",
    [
        pytest.param("correct horse battery staple", id="words"),
        pytest.param("x" * 73, id="one byte more than bcrypt takes"),
        pytest.param("ü" * 500, id="long and not ASCII"),
        pytest.param("before\0after", id="a NUL"),
        pytest.param("", id="nothing"),
        pytest.param("  spaced  ", id="spaces around"),
        pytest.param("half a pair \ud83d", id="half a surrogate pair"),
    ],
)
async def test_a_password_is_verified_by_its_own_hash(passwords: BcryptPasswords, password: str) -> None:
    """Whatever it consists of, and nothing that differs in any place is taken for it."""
    hashed = await passwords.hash(password)

    assert await passwords.verify(password, hashed)
    assert not await passwords.verify(password + "x", hashed)
    assert not await passwords.verify(password.upper() + "!", hashed)


@pytest.mark.parametrize(
    ("password", "other"),
    [
        pytest.param("x" * 72 + "a", "x" * 72 + "b", id="after 72 bytes"),
        pytest.param("ab\0cd", "ab\0ce", id="after a NUL"),
        pytest.param("secret", "secret ", id="a space at the end"),
        pytest.param("Secret", "secret", id="another case"),
        pytest.param("x²", "x2", id="what looks alike"),
    ],
)
async def test_what_differs_anywhere_is_another_password(passwords: BcryptPasswords, password: str, other: str) -> None:
    """Nothing is cut off, trimmed or folded."""
    hashed = await passwords.hash(password)

    assert not await passwords.verify(other, hashed)


async def test_the_same_text_typed_elsewhere_is_the_same_password(passwords: BcryptPasswords) -> None:
    """One system sends ü as one character, another as two."""
    hashed = await passwords.hash("m\u00fcnchen")

    assert await passwords.verify("mu\u0308nchen", hashed)


async def test_no_two_hashes_are_alike(passwords: BcryptPasswords) -> None:
    """Who has the same password as somebody else does not show."""
    assert await passwords.hash("the same") != await passwords.hash("the same")


async def test_a_hash_of_passlib_is_verified() -> None:
    """The form is one that others know too; the example is from passlib's documentation."""
    passwords = BcryptPasswords(cost=12)
    hashed = "$bcrypt-sha256$v=2,t=2b,r=12$n79VH.0Q2TMWmt3Oqt9uku$Kq4Noyk3094Y2QlB8NdRT8SvGiI4ft2"

    assert await passwords.verify("password", hashed)
    assert not await passwords.verify("passwort", hashed)
    assert not passwords.is_outdated(hashed)
    passwords.close()


@pytest.mark.parametrize("prefix", ["$2a$", "$2b$", "$2y$"])
async def test_a_plain_hash_is_verified_and_outdated(passwords: BcryptPasswords, prefix: str) -> None:
    """Who had a password before keeps it, and gets a hash of today's form at the next login."""
    plain = bcrypt.hashpw(b"ChangeMe123!", bcrypt.gensalt(CHEAP)).decode().replace("$2b$", prefix)

    assert await passwords.verify("ChangeMe123!", plain)
    assert not await passwords.verify("ChangeMe123", plain)
    assert passwords.is_outdated(plain)


async def test_a_plain_hash_says_nothing_of_a_password_that_it_would_have_cut(passwords: BcryptPasswords) -> None:
    """Otherwise 72 right bytes would do, whatever follows."""
    plain = bcrypt.hashpw(b"x" * 72, bcrypt.gensalt(CHEAP)).decode()

    assert await passwords.verify("x" * 72, plain)
    assert not await passwords.verify("x" * 73, plain)


@pytest.mark.parametrize(
    "hashed",
    [None, "", "x", "$2b$04$tooshort", "$2b$99$" + "a" * 53, "$2b$03$" + "a" * 53, "$argon2id$v=19$m=1,t=1,p=1$a$b"],
)
async def test_nobody_is_let_in_by_what_is_no_hash(passwords: BcryptPasswords, hashed: str | None) -> None:
    """Neither by an empty password; and it is no failure either."""
    assert not await passwords.verify("", hashed)
    assert not await passwords.verify("password", hashed)
    assert hashed is None or passwords.is_outdated(hashed)


async def test_another_price_is_outdated(passwords: BcryptPasswords) -> None:
    """When the price is raised, hashes follow as people log in."""
    dearer = BcryptPasswords(cost=CHEAP + 1)

    hashed = await passwords.hash("password")

    assert dearer.is_outdated(hashed)
    assert await dearer.verify("password", hashed)
    assert not passwords.is_outdated(hashed)
    dearer.close()


async def test_nobody_costs_as_much_as_somebody() -> None:
    """How long a login takes does not tell whether the account exists."""
    passwords = BcryptPasswords(cost=8, workers=1)
    hashed = await passwords.hash("password")

    somebody = [await _seconds_of(passwords, hashed) for _ in range(15)]
    nobody = [await _seconds_of(passwords, None) for _ in range(15)]

    # Wide, since machines are busy; without the work it is three orders of magnitude.
    assert 0.3 < statistics.median(nobody) / statistics.median(somebody) < 3
    passwords.close()


async def test_a_flood_is_refused_at_once_and_the_rest_is_served() -> None:
    """Whoever would wait too long hears so now, and there is room again afterwards."""
    passwords = BcryptPasswords(cost=CHEAP, workers=1, max_waiting=3)
    gate = threading.Event()
    passwords._threads.submit(gate.wait)

    asked = [asyncio.ensure_future(passwords.hash("password")) for _ in range(10)]
    await asyncio.sleep(0)
    refused = [one.exception() for one in asked if one.done()]
    gate.set()
    answers = await asyncio.gather(*asked, return_exceptions=True)

    assert [str(one) for one in refused] == [str(one) for one in answers if isinstance(one, Unavailable)]
    assert len(refused) == 6
    assert "too many are waiting" in str(refused[0])
    assert await passwords.verify("password", await passwords.hash("password"))
    passwords.close()


async def test_a_check_that_is_given_up_makes_room() -> None:
    """Clients that go away while they wait do not fill the queue for good."""
    passwords = BcryptPasswords(cost=CHEAP, workers=1, max_waiting=1)
    for _ in range(5):
        waiting = [asyncio.ensure_future(passwords.hash("password")) for _ in range(2)]
        await asyncio.sleep(0)
        for one in waiting:
            one.cancel()
        await asyncio.gather(*waiting, return_exceptions=True)
        # What had begun ends by itself, and what was last begun here is done when this is.
        passwords._threads.submit(int).result()

    assert await passwords.verify("password", await passwords.hash("password"))
    passwords.close()


async def test_the_event_loop_goes_on_meanwhile() -> None:
    """Other requests are answered while a password is checked."""
    passwords = BcryptPasswords(cost=10, workers=1)
    turns = 0

    checking = asyncio.ensure_future(passwords.hash("password"))
    while not checking.done():
        turns += 1
        await asyncio.sleep(0)

    assert turns > 10
    passwords.close()


async def _seconds_of(passwords: BcryptPasswords, hashed: str | None) -> float:
    begun = time.perf_counter()
    await passwords.verify("wrong", hashed)
    return time.perf_counter() - begun
