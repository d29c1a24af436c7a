"""Access tokens are believed exactly when they were issued here: the attacks of RFC 8725, and random changes."""

import base64
import hashlib
import hmac
import json
import random
import string
import warnings
from collections.abc import Callable, Mapping
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

import jwt
import pytest

from amss_adapters.security import JwtAccessTokens, SigningKey
from amss_domain.access.credentials import Claims
from amss_domain.access.errors import InvalidToken
from amss_domain.access.model import Role
from amss_domain.shared.ids import OrgId, UserId
from amss_domain.testing.stand_ins import ManualClock

CLAIMS = Claims(
    user_id=UserId(UUID("01920000-0000-7000-8000-000000000001")),
    org_id=OrgId(UUID("01920000-0000-7000-8000-000000000002")),
    role=Role.PLANNER,
    name="Paul Pläner",
    email="planner@demo.local",
    session_id=UUID("01920000-0000-7000-8000-000000000003"),
)
TTL = timedelta(minutes=15)

Forge = Callable[..., str]


@pytest.fixture
def clock() -> ManualClock:
    """A clock that stands still."""
    return ManualClock()


@pytest.fixture
def tokens(signing_key: SigningKey, clock: ManualClock) -> JwtAccessTokens:
    """Tokens of one key."""
    return JwtAccessTokens(signing_key, clock=clock, ttl=TTL)


@pytest.fixture
def forge(signing_key: SigningKey, clock: ManualClock) -> Forge:
    """Make a token that is signed with the right key and differs from a right one in what is given.

    None leaves a member out.
    """
    now = int(clock.now().timestamp())

    def make(*, key: SigningKey = signing_key, header: Mapping[str, Any] | None = None, **claims: Any) -> str:
        payload: dict[str, Any] = {
            "iss": "amss",
            "aud": "amss-api",
            "sub": str(CLAIMS.user_id),
            "iat": now,
            "nbf": now,
            "exp": now + 900,
            "jti": "1",
            "sid": str(CLAIMS.session_id),
            "org": str(CLAIMS.org_id),
            "role": "planner",
            "name": CLAIMS.name,
            "email": CLAIMS.email,
            **claims,
        }
        payload = {name: value for name, value in payload.items() if value is not None}
        heads = {"kid": signing_key.verifying.kid, "typ": "at+jwt", **(header or {})}
        return jwt.encode(payload, key.private, algorithm="RS256", headers=heads)

    return make


def refused(tokens: JwtAccessTokens, text: str, at: datetime) -> str:
    """Return why the token is refused; fail if it is not."""
    with pytest.raises(InvalidToken) as caught:
        tokens.verify(text, at=at)
    return caught.value.why


def encoded(value: object) -> str:
    """Return JSON in base64url, as a part of a token."""
    data = value if isinstance(value, bytes) else json.dumps(value).encode()
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode()


def part(text: str, number: int) -> dict[str, Any]:
    """Return the header (0) or the claims (1) of a token."""
    piece = text.split(".")[number]
    found: dict[str, Any] = json.loads(base64.urlsafe_b64decode(piece + "=" * (-len(piece) % 4)))
    return found


def test_a_token_says_what_was_issued(tokens: JwtAccessTokens, clock: ManualClock) -> None:
    """The second time too, when it is known already."""
    token = tokens.issue(CLAIMS)

    assert tokens.verify(token.text, at=clock.now()) == CLAIMS
    assert tokens.verify(token.text, at=clock.now()) == CLAIMS
    assert token.expires_at == clock.now() + TTL
    assert token.text not in repr(token)


def test_what_stands_in_a_token(tokens: JwtAccessTokens, signing_key: SigningKey, clock: ManualClock) -> None:
    """The header that RFC 9068 asks for, registered claims, and an id of its own for each token."""
    first, second = tokens.issue(CLAIMS).text, tokens.issue(CLAIMS).text

    assert part(first, 0) == {"alg": "RS256", "typ": "at+jwt", "kid": signing_key.verifying.kid}
    claims = part(first, 1)
    assert (claims["iss"], claims["aud"], claims["sub"]) == ("amss", "amss-api", str(CLAIMS.user_id))
    assert claims["exp"] - claims["iat"] == 900
    assert claims["jti"] != part(second, 1)["jti"]


def test_a_forged_token_that_differs_in_nothing_is_right(
    tokens: JwtAccessTokens, forge: Forge, clock: ManualClock
) -> None:
    """So what the other tests forge is refused for what they change."""
    assert tokens.verify(forge(), at=clock.now()) == CLAIMS


def test_a_token_counts_until_it_expires(tokens: JwtAccessTokens, clock: ManualClock) -> None:
    """To the instant, whether or not it was seen before."""
    seen, unseen = tokens.issue(CLAIMS), tokens.issue(CLAIMS)
    just_before = seen.expires_at - timedelta(microseconds=1)

    assert tokens.verify(seen.text, at=just_before) == CLAIMS
    assert refused(tokens, seen.text, seen.expires_at) == "it has expired"
    assert refused(tokens, unseen.text, unseen.expires_at) == "it has expired"
    assert refused(tokens, seen.text, seen.expires_at + timedelta(days=900)) == "it has expired"


def test_a_time_to_live_with_fractions_is_cut_to_seconds(signing_key: SigningKey, clock: ManualClock) -> None:
    """What is said of the expiry is what the token has."""
    tokens = JwtAccessTokens(signing_key, clock=clock, ttl=timedelta(seconds=1.5))
    token = tokens.issue(CLAIMS)

    assert tokens.verify(token.text, at=token.expires_at - timedelta(microseconds=1)) == CLAIMS
    assert refused(tokens, token.text, token.expires_at) == "it has expired"


def test_a_clock_that_is_a_little_behind_is_forgiven(tokens: JwtAccessTokens, forge: Forge, clock: ManualClock) -> None:
    """Replicas differ by a second or two; by more, something is wrong."""
    now = int(clock.now().timestamp())

    assert tokens.verify(forge(nbf=now + 30, iat=now + 30), at=clock.now()) == CLAIMS
    assert refused(tokens, forge(nbf=now + 31), clock.now()) == "it is not good yet"
    assert refused(tokens, forge(iat=now + 31), clock.now()) == "it is not good yet"


def test_both_keys_count_while_they_are_exchanged(
    signing_key: SigningKey, other_key: SigningKey, clock: ManualClock
) -> None:
    """Replicas with the old and with the new key believe each other, in either order."""
    old = JwtAccessTokens(signing_key, [other_key.verifying], clock=clock)
    new = JwtAccessTokens(other_key, [signing_key.verifying], clock=clock)
    done = JwtAccessTokens(other_key, clock=clock)

    assert new.verify(old.issue(CLAIMS).text, at=clock.now()) == CLAIMS
    assert old.verify(new.issue(CLAIMS).text, at=clock.now()) == CLAIMS
    assert "not known here" in refused(done, old.issue(CLAIMS).text, clock.now())


def test_the_key_set_holds_the_public_keys(signing_key: SigningKey, other_key: SigningKey, clock: ManualClock) -> None:
    """Others can check tokens with it: PyJWT does, given nothing else. A key given twice is there once."""
    tokens = JwtAccessTokens(signing_key, [other_key.verifying, signing_key.verifying], clock=clock)
    key_set = tokens.jwks()

    found = jwt.PyJWKSet.from_dict(key_set)[signing_key.verifying.kid]
    options: Any = {"verify_exp": False}
    read = jwt.decode(tokens.issue(CLAIMS).text, found, audience="amss-api", issuer="amss", options=options)

    assert [one["kid"] for one in key_set["keys"]] == [signing_key.verifying.kid, other_key.verifying.kid]
    assert all(set(one) == {"kty", "n", "e", "kid", "use", "alg"} for one in key_set["keys"])
    assert read["sub"] == str(CLAIMS.user_id)


def test_a_token_without_a_signature_is_refused(tokens: JwtAccessTokens, clock: ManualClock) -> None:
    """The algorithm `none`, in every spelling, with and without something in place of a signature."""
    header, payload, signature = tokens.issue(CLAIMS).text.split(".")
    for name in ("none", "None", "NONE", "nOnE", ""):
        for head in (part(f"{header}.", 0) | {"alg": name}, {"alg": name}):
            for end in ("", signature, "AA"):
                refused(tokens, f"{encoded(head)}.{payload}.{end}", clock.now())

    refused(tokens, f"{header}.{payload}.", clock.now())
    refused(tokens, f"{header}.{payload}", clock.now())


def test_the_public_key_is_no_shared_secret(
    tokens: JwtAccessTokens, signing_key: SigningKey, clock: ManualClock
) -> None:
    """Whoever signs with HMAC under the published key, in any of its forms, is refused."""
    header, payload, _ = tokens.issue(CLAIMS).text.split(".")
    pem = signing_key.verifying.pem().encode()
    for name, digest in (("HS256", hashlib.sha256), ("HS384", hashlib.sha384), ("HS512", hashlib.sha512)):
        head = encoded(part(header + ".", 0) | {"alg": name})
        for secret in (pem, pem.strip(), json.dumps(signing_key.verifying.jwk()).encode(), b""):
            mac = hmac.new(secret, f"{head}.{payload}".encode(), digest).digest()
            refused(tokens, f"{head}.{payload}.{encoded(mac)}", clock.now())
            # The header of a right token, and the code of an HMAC.
            mac = hmac.new(secret, f"{header}.{payload}".encode(), digest).digest()
            refused(tokens, f"{header}.{payload}.{encoded(mac)}", clock.now())


@pytest.mark.parametrize("algorithm", ["RS384", "RS512", "PS256", "PS512"])
def test_the_algorithm_belongs_to_the_key(
    tokens: JwtAccessTokens, signing_key: SigningKey, forge: Forge, clock: ManualClock, algorithm: str
) -> None:
    """Others are refused even when the right key made the signature."""
    headers = {"kid": signing_key.verifying.kid, "typ": "at+jwt"}
    text = jwt.encode(part(forge(), 1), signing_key.private, algorithm=algorithm, headers=headers)

    assert refused(tokens, text, clock.now()) == "it is of another kind"


def test_a_key_that_a_token_brings_along_is_not_used(
    tokens: JwtAccessTokens, other_key: SigningKey, forge: Forge, clock: ManualClock
) -> None:
    """Neither inside the token nor by an address, whatever signs it."""
    other = other_key.verifying
    for header in (
        {"jwk": other.jwk()},
        {"jwk": other.jwk(), "kid": other.kid},
        {"jku": "https://attacker.example/jwks.json"},
        {"x5u": "https://attacker.example/cert.pem"},
        {"x5c": ["MIIB"]},
        {"crit": ["exp"]},
        {"crit": ["b64"], "b64": True},
        {"cty": "JWT"},
        {"zip": "DEF"},
    ):
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            refused(tokens, forge(key=other_key, header=header), clock.now())
            refused(tokens, forge(header=header), clock.now())


@pytest.mark.parametrize("kid", ["", "../../etc/passwd", "' OR 1=1 --", "unknown", "x" * 4000])
def test_a_key_is_only_looked_up_among_ours(
    tokens: JwtAccessTokens, forge: Forge, clock: ManualClock, kid: str
) -> None:
    """A name of a key is compared, and goes nowhere else."""
    assert refused(tokens, forge(header={"kid": kid}), clock.now()) == "it was signed with a key that is not known here"


@pytest.mark.parametrize("kid", [None, 7, ["a"], {"a": 1}, True])
def test_the_name_of_a_key_is_a_text(tokens: JwtAccessTokens, clock: ManualClock, kid: object) -> None:
    """Anything else is no failure of ours."""
    header, payload, signature = tokens.issue(CLAIMS).text.split(".")
    head = encoded(part(header + ".", 0) | {"kid": kid})

    refused(tokens, f"{head}.{payload}.{signature}", clock.now())


def test_another_key_under_our_name_is_refused(
    tokens: JwtAccessTokens, other_key: SigningKey, forge: Forge, clock: ManualClock
) -> None:
    """The name does not make the key."""
    assert refused(tokens, forge(key=other_key), clock.now()) == "its signature is not right"


@pytest.mark.parametrize("kind", ["JWT", "jwt", "AT+JWT", "application/at+jwt", "logout+jwt", "", 7])
def test_a_token_for_something_else_is_refused(
    tokens: JwtAccessTokens, signing_key: SigningKey, forge: Forge, clock: ManualClock, kind: object
) -> None:
    """Only one type is issued, so only one is believed."""
    head = encoded({"alg": "RS256", "kid": signing_key.verifying.kid, "typ": kind})
    body = forge().split(".")[1]
    signature = jwt.algorithms.RSAAlgorithm(jwt.algorithms.RSAAlgorithm.SHA256).sign(
        f"{head}.{body}".encode(), signing_key.private
    )

    assert refused(tokens, f"{head}.{body}.{encoded(signature)}", clock.now()) == "it is of another kind"


@pytest.mark.parametrize(
    "claims",
    [
        pytest.param({"iss": "somebody"}, id="another issuer"),
        pytest.param({"iss": ""}, id="an empty issuer"),
        pytest.param({"aud": "somebody"}, id="another audience"),
        pytest.param({"aud": ["amss-api", "somebody"]}, id="several audiences"),
        pytest.param({"sub": "admin"}, id="a subject that is no id"),
        pytest.param({"org": "demo-org"}, id="an organization that is no id"),
        pytest.param({"org": 7}, id="an organization that is a number"),
        pytest.param({"role": "root"}, id="a role there is not"),
        pytest.param({"role": ["admin"]}, id="several roles"),
        pytest.param({"name": 7}, id="a name that is no text"),
        pytest.param({"exp": "never"}, id="an expiry that is no number"),
        pytest.param({"exp": True}, id="an expiry that is a truth"),
        pytest.param({"exp": 1e300}, id="an expiry beyond numbers"),
        pytest.param({"exp": 10**30}, id="an expiry beyond years"),
        pytest.param({"exp": -1}, id="an expiry before time"),
        pytest.param({"nbf": "now"}, id="a beginning that is no number"),
        *(pytest.param({name: None}, id=f"no {name}") for name in ("iss", "aud", "sub", "iat", "nbf", "exp", "jti")),
        *(pytest.param({name: None}, id=f"no {name}") for name in ("sid", "org", "role", "name", "email")),
    ],
)
def test_claims_that_are_not_ours_are_refused(
    tokens: JwtAccessTokens, forge: Forge, clock: ManualClock, claims: Mapping[str, Any]
) -> None:
    """Although the key signed them."""
    refused(tokens, forge(**claims), clock.now())


def test_a_signature_is_written_in_one_way(tokens: JwtAccessTokens, clock: ManualClock) -> None:
    """Bits that nothing is made of, padding, the other alphabet, white space: a changed text is another token."""
    text = tokens.issue(CLAIMS).text
    header, payload, signature = text.split(".")
    last = string.ascii_uppercase + string.ascii_lowercase + string.digits + "-_"
    others = [f"{header}.{payload}.{signature[:-1]}{one}" for one in last if one != signature[-1]]
    others += [text + "=", text + "==", text + "\n", " " + text, text + ".", text + ".e30", "." + text, text + "\0"]
    others += [f"{header}=.{payload}.{signature}", f"{header}.{payload}=.{signature}", f"{header}..{signature}"]
    others += [text.replace("-", "+").replace("_", "/") + "=", text + "é", f"Bearer {text}"]

    assert len(others) == 63 + 8 + 3 + 3
    for other in others:
        refused(tokens, other, clock.now())
    assert tokens.verify(text, at=clock.now()) == CLAIMS


@pytest.mark.parametrize("seen", [False, True], ids=["unseen", "seen"])
def test_no_random_change_is_accepted(tokens: JwtAccessTokens, clock: ManualClock, seen: bool) -> None:
    """Ten thousand of them: characters replaced, put in, taken out and swapped, and parts of two tokens mixed."""
    chosen = random.Random(20260302)
    text = tokens.issue(CLAIMS).text
    other = tokens.issue(Claims(**{**_as_dict(CLAIMS), "role": Role.ADMIN})).text
    if seen:
        tokens.verify(text, at=clock.now())
        tokens.verify(other, at=clock.now())

    accepted = [one for one in (_changed(text, other, chosen) for _ in range(5000)) if _is_accepted(tokens, one, clock)]

    assert accepted == []


def test_a_text_of_any_length_is_refused_quickly(tokens: JwtAccessTokens, clock: ManualClock) -> None:
    """Before anything of it is read."""
    header, payload, signature = tokens.issue(CLAIMS).text.split(".")
    for text in (
        "x" * 10_000_000,
        f"{header}.{payload * 100}.{signature}",
        f"{encoded({'alg': 'RS256', 'kid': 'x' * 9000, 'typ': 'at+jwt'})}.{payload}.{signature}",
        f"{encoded(b'[' * 5000)}.{payload}.{signature}",
    ):
        assert refused(tokens, text, clock.now()) == "it cannot be read"


@pytest.mark.parametrize("text", ["", ".", "..", "a.b.c", "\ud800.a.b", "e30.e30.e30", "bnVsbA.e30.AA", "Ww.e30.AA"])
def test_what_is_no_token_is_refused(tokens: JwtAccessTokens, clock: ManualClock, text: str) -> None:
    """Without failing on it."""
    refused(tokens, text, clock.now())


def test_no_more_tokens_are_remembered_than_there_is_room_for(signing_key: SigningKey, clock: ManualClock) -> None:
    """Those that were not seen for longest go first, and are checked again."""
    tokens = JwtAccessTokens(signing_key, clock=clock, remembered=3)
    texts = [tokens.issue(CLAIMS).text for _ in range(5)]

    for text in (*texts, *reversed(texts)):
        assert tokens.verify(text, at=clock.now()) == CLAIMS

    assert len(tokens._known) == 3


def test_a_reason_never_repeats_the_token(tokens: JwtAccessTokens, forge: Forge, clock: ManualClock) -> None:
    """It may end in a log."""
    with pytest.raises(InvalidToken) as caught:
        tokens.verify(forge(iss="hunter2"), at=clock.now())

    assert "hunter2" not in str(caught.value)


def _as_dict(claims: Claims) -> dict[str, Any]:
    return {name: getattr(claims, name) for name in ("user_id", "org_id", "role", "name", "email", "session_id")}


def _is_accepted(tokens: JwtAccessTokens, text: str, clock: ManualClock) -> bool:
    try:
        tokens.verify(text, at=clock.now())
    except InvalidToken:
        return False
    return True


def _changed(text: str, other: str, chosen: random.Random) -> str:
    """Return a text that is neither of the two."""
    alphabet = string.ascii_letters + string.digits + "-_.=+/ "
    while True:
        changed = _once(text, other, alphabet, chosen)
        if changed not in (text, other):
            return changed


def _once(text: str, other: str, alphabet: str, chosen: random.Random) -> str:
    place, second = chosen.randrange(len(text)), chosen.randrange(len(text))
    match chosen.randrange(5):
        case 0:
            return text[:place] + chosen.choice(alphabet) + text[place + 1 :]
        case 1:
            return text[:place] + chosen.choice(alphabet) + text[place:]
        case 2:
            return text[:place] + text[place + chosen.randint(1, 5) :]
        case 3:
            swapped = list(text)
            swapped[place], swapped[second] = swapped[second], swapped[place]
            return "".join(swapped)
        case _:
            return ".".join(chosen.choice(pair) for pair in zip(text.split("."), other.split("."), strict=True))
