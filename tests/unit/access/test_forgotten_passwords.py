"""A forgotten password is set with the token of a mail: once, in time, and without telling who has access."""

from datetime import timedelta

import pytest

from amss_domain.access.errors import BadCredentials
from amss_domain.access.model import Role, User
from amss_domain.access.password_reset import MAIL_AGAIN_AFTER, MAIL_WITHIN, TOKEN_LASTS
from amss_domain.access.use_cases.forgotten_passwords import RequestPasswordReset, SetForgottenPassword
from amss_domain.access.use_cases.sessions import Origin
from amss_domain.alerts.letters import Letter
from amss_domain.alerts.ports import Reception
from amss_domain.alerts.use_cases.send_reset_mails import SendResetMails
from amss_domain.shared.errors import InvalidInput, NotPermitted, Unavailable
from amss_domain.shared.ids import OrgId
from amss_domain.testing.builders import an_actor
from amss_domain.testing.front_desk import PASSWORD, FrontDesk
from amss_domain.testing.stand_ins import FRESH_IDS

_NEW = "another horse altogether"
_MOMENT = timedelta(microseconds=1)


class Mails:
    """Whoever forgot a password, and the mails that were sent about it."""

    def __init__(self, desk: FrontDesk) -> None:
        backend = desk.tenant.backend
        self.desk = desk
        self.letters: list[Letter] = []
        self.closed = False
        self.busy: set[str] = set()
        self.request = RequestPasswordReset(backend.open_uow, backend.directory, desk.clock, FRESH_IDS)
        self.set_password = SetForgottenPassword(backend.open_uow, desk.clock, desk.hasher, desk.secrets)
        self.send_mails = SendResetMails(backend.open_uow, desk.clock, desk.secrets, self)

    async def send(self, letter: Letter, /) -> Reception:
        """Take the letter."""
        if self.closed:
            raise Unavailable("the post office", "it is closed")
        if letter.to in self.busy:
            return Reception.LATER
        self.letters.append(letter)
        return Reception.TAKEN

    async def forget(self, email: str) -> None:
        """Ask for a mail."""
        await self.request(self.desk.tenant.organization.slug, email=email)

    async def token(self) -> str:
        """Send the mails that are due, and return the token of the last one sent."""
        await self.send_mails(self.desk.system)
        return self.last_token

    @property
    def last_token(self) -> str:
        """The token of the last mail."""
        return next(line for line in self.letters[-1].text.splitlines() if line.startswith("password_reset "))

    async def token_of(self, user: User) -> str:
        """Return a token that was just mailed to the user."""
        await self.forget(user.email)
        return await self.token()


@pytest.fixture
def mails(desk: FrontDesk) -> Mails:
    """The mails of the front desk."""
    return Mails(desk)


async def test_the_token_of_a_mail_sets_a_password(desk: FrontDesk, mails: Mails) -> None:
    """The new password lets the user in, the former one does not, and all sessions are over."""
    user = await desk.hire(Role.PLANNER)
    logged_in = await desk.admitted(user)
    token = await mails.token_of(user)

    changed = await mails.set_password(f" {token}\n", password=_NEW, origin=Origin(address="192.0.2.1"))

    assert changed == user
    with pytest.raises(BadCredentials):
        await desk.admitted(user)
    with pytest.raises(BadCredentials):
        await desk.refresh(logged_in.refresh_token)
    await desk.admitted(user, password=_NEW)
    actions = await desk.actions()
    assert actions.index("user.password_reset_requested") < actions.index("user.password_changed")
    (letter,) = mails.letters
    assert (letter.to, letter.subject) == (user.email, "A new password for Acme Aviation")


async def test_a_token_works_once(desk: FrontDesk, mails: Mails) -> None:
    """After it was used neither it nor any other that was mailed before sets a password."""
    user = await desk.hire(Role.PLANNER)
    first, second = await mails.token_of(user), await mails.token_of(user)

    await mails.set_password(second, password=_NEW)

    for token in (second, first):
        with pytest.raises(BadCredentials):
            await mails.set_password(token, password="a third horse, perhaps")
    await desk.admitted(user, password=_NEW)


async def test_a_token_works_for_an_hour(desk: FrontDesk, mails: Mails) -> None:
    """It is good until the hour is over, and not at its end."""
    user = await desk.hire(Role.PLANNER)
    token = await mails.token_of(user)
    desk.clock.advance(TOKEN_LASTS - _MOMENT)
    await mails.set_password(token, password=_NEW)
    late = await mails.token_of(user)
    desk.clock.advance(TOKEN_LASTS)

    with pytest.raises(BadCredentials):
        await mails.set_password(late, password="a third horse, perhaps")


async def test_setting_the_password_in_another_way_ends_tokens(desk: FrontDesk, mails: Mails) -> None:
    """What was mailed before an admin set the password, or the user did, is worth nothing."""
    user = await desk.hire(Role.PLANNER)
    first = await mails.token_of(user)
    await desk.reset_password(desk.system, user.id, password=_NEW)
    second = await mails.token_of(user)
    await desk.change_password(an_actor(user), current=_NEW, new=PASSWORD)

    for token in (first, second):
        with pytest.raises(BadCredentials):
            await mails.set_password(token, password="a third horse, perhaps")


async def test_a_password_that_is_too_easy_leaves_the_token(desk: FrontDesk, mails: Mails) -> None:
    """The token may be used again, with a better password."""
    user = await desk.hire(Role.PLANNER)
    token = await mails.token_of(user)

    for easy in ("short", user.email, "passwordpassword"):
        with pytest.raises(InvalidInput):
            await mails.set_password(token, password=easy)

    await mails.set_password(token, password=_NEW)


async def test_only_tokens_of_mails_set_passwords(desk: FrontDesk, mails: Mails) -> None:
    """Other texts, other secrets, tokens of nobody and of users without access are refused alike."""
    user = await desk.hire(Role.PLANNER)
    token = await mails.token_of(user)
    session = await desk.admitted(user)
    ours, unknown = desk.tenant.id, FRESH_IDS.new()
    forged = desk.secrets.new_reset_token(ours, desk.secrets.read(token).id).text  # type: ignore[union-attr]
    nobodys = desk.secrets.new_reset_token(ours, unknown).text
    nowhere = desk.secrets.new_reset_token(OrgId(unknown), unknown).text
    await desk.deactivate_user(desk.system, user.id)

    for text in ("", "x", session.refresh_token, forged, nobodys, nowhere, token):
        with pytest.raises(BadCredentials):
            await mails.set_password(text, password=_NEW)


async def test_who_has_no_access_gets_no_mail(desk: FrontDesk, mails: Mails) -> None:
    """Asking for one ends alike for whoever is unknown, deactivated or in no organization; the trail says so."""
    gone = await desk.hire(Role.VIEWER, email="gone@example.org")
    await desk.deactivate_user(desk.system, gone.id)

    for email in ("gone@example.org", "nobody@example.org", "no address"):
        await mails.forget(email)
    await mails.request("no-such-org", email="gone@example.org")
    await mails.request(str(FRESH_IDS.new()), email="gone@example.org")

    assert await mails.send_mails(desk.system) == 0
    assert mails.letters == []
    assert (await desk.actions())[-3:] == ["organization.password_reset_refused"] * 3
    shown = [entry.data["email"] for entry in (await desk.tenant.entries())[:3]]
    assert shown == [None, "nobody@example.org", "gone@example.org"]


async def test_a_user_is_found_whatever_the_case_and_by_the_organization_id(desk: FrontDesk, mails: Mails) -> None:
    """The address is compared as at login, and the organization named by its slug or id."""
    user = await desk.hire(Role.PLANNER)

    await mails.request(str(desk.tenant.id), email=f" {user.email.upper()} ")

    assert await mails.send_mails(desk.system) == 1
    assert mails.letters[0].to == user.email


async def test_whoever_lost_access_meanwhile_gets_no_mail(desk: FrontDesk, mails: Mails) -> None:
    """A request of a user who was deactivated before the mail went out is over."""
    user = await desk.hire(Role.PLANNER)
    await mails.forget(user.email)
    await desk.deactivate_user(desk.system, user.id)

    assert await mails.send_mails(desk.system) == 1
    assert await mails.send_mails(desk.system) == 0
    assert mails.letters == []


async def test_mails_wait_while_none_is_taken(desk: FrontDesk, mails: Mails) -> None:
    """A mail that was not taken is sent two minutes later, with a token that is good; after an hour it is not sent."""
    user = await desk.hire(Role.PLANNER)
    await mails.forget(user.email)
    mails.closed = True
    with pytest.raises(Unavailable):
        await mails.send_mails(desk.system)
    mails.closed = False

    assert await mails.send_mails(desk.system) == 0
    desk.clock.advance(MAIL_AGAIN_AFTER)
    assert await mails.send_mails(desk.system) == 1
    await mails.set_password(mails.last_token, password=_NEW)

    await mails.forget(user.email)
    desk.clock.advance(MAIL_WITHIN)
    assert await mails.send_mails(desk.system) == 0


async def test_who_is_busy_keeps_nobody_else_waiting(desk: FrontDesk, mails: Mails) -> None:
    """A mail that is not taken for one user now is due again later; the others get theirs at once."""
    busy, other = await desk.hire(Role.PLANNER), await desk.hire(Role.VIEWER)
    await mails.forget(busy.email)
    await mails.forget(other.email)
    mails.busy.add(busy.email)

    await mails.send_mails(desk.system)
    mails.busy.clear()
    desk.clock.advance(MAIL_AGAIN_AFTER)
    await mails.send_mails(desk.system)

    assert [letter.to for letter in mails.letters] == [other.email, busy.email]


async def test_a_mail_that_was_sent_twice_has_the_same_id(desk: FrontDesk, mails: Mails) -> None:
    """Of two mails about one request the last one's token works; another request is another mail."""
    user = await desk.hire(Role.PLANNER)
    await mails.forget(user.email)
    lost = _Lost(mails)
    with pytest.raises(Unavailable):
        await SendResetMails(desk.tenant.backend.open_uow, desk.clock, desk.secrets, lost)(desk.system)
    desk.clock.advance(MAIL_AGAIN_AFTER)
    token = await mails.token()

    await mails.forget(user.email)
    await mails.send_mails(desk.system)

    ids = [letter.id for letter in mails.letters]
    assert ids[0] == ids[1] != ids[2]
    await mails.set_password(token, password=_NEW)


async def test_secrets_show_nowhere(desk: FrontDesk, mails: Mails) -> None:
    """Neither token nor digest is in the audit trail, in the outbox or in what is printed of a letter."""
    user = await desk.hire(Role.PLANNER)
    token = await mails.token_of(user)
    await mails.set_password(token, password=_NEW)

    shown = repr((await desk.tenant.entries(), await desk.tenant.messages(), mails.letters))
    assert token not in shown
    assert "password_reset " not in shown
    assert "user.password_reset_requested" not in [one.event_type for one in await desk.tenant.messages()]


async def test_nobody_sends_mails_without_permission(desk: FrontDesk, mails: Mails) -> None:
    """A planner does not work off the requests."""
    planner = await desk.hire(Role.PLANNER)

    with pytest.raises(NotPermitted):
        await mails.send_mails(an_actor(planner))


class _Lost:
    """Takes letters, and is not heard saying so."""

    def __init__(self, mails: Mails) -> None:
        self._mails = mails

    async def send(self, letter: Letter, /) -> Reception:
        """Take the letter, and seem not to."""
        await self._mails.send(letter)
        raise Unavailable("the post office", "the line is dead")
