"""What is wrong with the form of organizations, policies, users, passwords and API keys, whatever is stored."""

import re
from collections.abc import Collection
from datetime import datetime
from typing import Final
from zoneinfo import available_timezones

from amss_domain.access.model import AUDIT_RETENTION_FLOOR_DAYS, Organization, Policy, User
from amss_domain.shared.violation import Violation

_SLUG: Final = re.compile(r"[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?")
_ID: Final = re.compile(r"[0-9a-f]{8}-(?:[0-9a-f]{4}-){3}[0-9a-f]{12}")
# Neither white space nor control characters nor halves of surrogate pairs, which no database keeps.
_EMAIL: Final = re.compile(r"[^@\s\x00-\x1f\x7f\ud800-\udfff]{1,64}@[^@\s\x00-\x1f\x7f\ud800-\udfff]{1,190}")

_RANGES: Final = {
    "rate_limit_per_minute": (1, 1_000_000),
    "api_key_rate_limit_per_minute": (1, 1_000_000),
    "audit_retention_days": (AUDIT_RETENTION_FLOOR_DAYS, 36_525),
    "webhook_attempts": (1, 10),
    "import_max_bytes": (1024, 1024**3),
    "password_min_length": (8, 128),
}
"""The least and the greatest that a policy may say."""

MAX_PASSWORD_LENGTH: Final = 1024
"""How many characters a password may have at most."""

# What leaks of passwords have most of, as far as it is long enough for any policy, in lower case.
_COMMON_PASSWORDS: Final = frozenset(
    word
    for line in (
        "12345678 123456789 1234567890 12345678910 123456789012 1234567891011 0123456789 0987654321 987654321",
        "87654321 11111111 111111111 1111111111 111111111111 00000000 0000000000 000000000000 11223344 1122334455",
        "12341234 123123123 123321123 121212121212 password passw0rd password1 password12 password123 password1234",
        "password12345 password123456 password! p@ssw0rd p@ssword p@ssw0rd123 passwordpassword mypassword newpassword",
        "thisispassword qwertyui qwertyuiop qwerty123 qwerty1234 qwerty12345 qwerty123456 qwertyqwerty qwertyuiop123",
        "qwertyuiop[] 1q2w3e4r 1q2w3e4r5t 1q2w3e4r5t6y 1qaz2wsx 1qaz2wsx3edc qazwsxedc qazwsxedcrfv asdfghjkl",
        "asdfghjkl123 zxcvbnm123 abcd1234 abc123456 abcdefgh abcdefghijkl abc123abc123 a1b2c3d4 a1b2c3d4e5f6 aaaaaaaa",
        "aaaaaaaaaaaa iloveyou iloveyou1 iloveyou123 iloveyou1234 sunshine sunshine123 princess princess123 football",
        "football123 baseball superman superman123 starwars trustno1 whatever letmein1 letmein123 letmein12345",
        "welcome1 welcome123 welcome12345 administrator administrator1 admin123 admin1234 admin12345 admin123456",
        "adminadmin adminadminadmin changeme changeme123 changeme1234 changemenow default123 secret123 topsecret",
        "computer internet corvette mustang1 aviation123 airplane123 aircraft1234 maintenance maintenance1",
        "maintenance123",
    )
    for word in line.split()
)


def violations_of_organization(organization: Organization) -> tuple[Violation, ...]:
    """Return what is wrong with the organization's own fields; a slug that looks like an id would be taken for one."""
    found = []
    if not _SLUG.fullmatch(organization.slug) or looks_like_id(organization.slug):
        found.append(
            Violation("invalid_slug", "a slug is 1 to 63 lower case letters, digits and inner hyphens", "slug")
        )
    found += violations_of_name(organization.name)
    return (*found, *violations_of_policy(organization.policy))


def violations_of_name(name: str) -> tuple[Violation, ...]:
    """Return what is wrong with the name of an organization, a user or an API key."""
    if 1 <= len(name.strip()) <= 255:
        return ()
    return (Violation("invalid_name", "a name has 1 to 255 characters", "name"),)


def violations_of_policy(policy: Policy) -> tuple[Violation, ...]:
    """Return what is wrong with a policy."""
    found = []
    if policy.time_zone not in available_timezones():
        found.append(
            Violation(
                "unknown_time_zone", f"{policy.time_zone!r} is no IANA time zone such as Europe/Lisbon", "time_zone"
            )
        )
    if not re.fullmatch(r"[A-Z]{3}", policy.currency):
        found.append(Violation("unknown_currency", "a currency is an ISO 4217 code such as EUR", "currency"))
    for name, (least, greatest) in _RANGES.items():
        given: int = getattr(policy, name)
        if not least <= given <= greatest:
            found.append(Violation("out_of_range", f"{given} is not from {least} to {greatest}", name))
    return tuple(found)


def violations_of_user(user: User) -> tuple[Violation, ...]:
    """Return what is wrong with the user's own fields."""
    found = []
    if not is_email(user.email):
        found.append(Violation("invalid_email", f"{user.email!r} is no e-mail address", "email"))
    return (*found, *violations_of_name(user.name))


def violations_of_password(password: str, policy: Policy, *, email: str) -> tuple[Violation, ...]:
    """Return what makes the password too easy to guess for the user with that address; none of it repeats any of it."""
    found = []
    if not policy.password_min_length <= len(password) <= MAX_PASSWORD_LENGTH:
        message = f"a password has {policy.password_min_length} to {MAX_PASSWORD_LENGTH} characters"
        found.append(Violation("password_length", message, "password"))
    if password.strip().casefold() in {email.casefold(), email.partition("@")[0].casefold()}:
        found.append(Violation("password_is_email", "a password is something else than the e-mail address", "password"))
    if password.strip().casefold() in _COMMON_PASSWORDS or len(set(password)) == 1:
        found.append(Violation("common_password", "this password is among the first that anybody tries", "password"))
    return tuple(found)


def violations_of_api_key(
    name: str, permissions: Collection[str], *, known: Collection[str], expires_at: datetime | None, at: datetime
) -> tuple[Violation, ...]:
    """Return what is wrong with an API key that is to be made at `at`; `known` are all permissions there are."""
    found = list(violations_of_name(name))
    if not permissions:
        found.append(Violation("no_permission", "a key needs at least one permission", "permissions"))
    found += [
        Violation("unknown_permission", f"there is no permission {permission!r}", "permissions")
        for permission in sorted(set(permissions) - set(known))
    ]
    if expires_at is not None and expires_at <= at:
        found.append(Violation("expired", "a key expires in the future, or never", "expires_at"))
    return tuple(found)


def is_email(text: str) -> bool:
    """Tell whether the text may be an e-mail address."""
    return _EMAIL.fullmatch(text) is not None


def is_slug(text: str) -> bool:
    """Tell whether the text may be the slug of an organization."""
    return _SLUG.fullmatch(text) is not None


def looks_like_id(text: str) -> bool:
    """Tell whether the text is a UUID as they are commonly written."""
    return _ID.fullmatch(text.lower()) is not None
