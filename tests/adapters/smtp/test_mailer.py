"""Letters reach people by way of a real server; what is wrong with one never stops the others."""

import base64
from collections.abc import AsyncIterator, Callable
from email import message_from_bytes, policy
from email.message import EmailMessage
from typing import Any

import pytest
from attrs import evolve
from tests.adapters.smtp.conftest import MailServer

from amss_adapters.smtp import LoggingMailer, SmtpMailer, SmtpServer
from amss_domain.alerts.letters import Letter
from amss_domain.alerts.ports import Reception
from amss_domain.shared.errors import Unavailable
from amss_domain.testing.stand_ins import ManualClock

_LETTER = Letter(
    id="0123.4567", to="jo@example.org", name="Jo Doe", subject="Overdue: LN-ABC", text="Hello Jo Doe,\n\nit is.\n"
)


@pytest.fixture
async def mailer(server: MailServer) -> AsyncIterator[SmtpMailer]:
    """A mailer to the server."""
    mailer = _mailer(server.url)
    yield mailer
    await mailer.close()


async def test_a_letter_arrives_as_it_was_written(server: MailServer, mailer: SmtpMailer) -> None:
    """Envelope, headers and text are those of the letter, in any script."""
    letter = evolve(_LETTER, name='Jö, D. "Do"', subject="Überfällig: ✈ LN-ABC", text="Grüße,\n.\nFrom here ✈\n")

    assert await mailer.send(letter) is Reception.TAKEN

    taken = server.next()
    message = _message(taken)
    assert (taken["from"], taken["to"]) == ("amss@fleet.example", ["jo@example.org"])
    assert message["From"] == "AMSS <amss@fleet.example>"
    assert message["To"].addresses[0].display_name == 'Jö, D. "Do"'
    assert message["To"].addresses[0].addr_spec == "jo@example.org"
    assert message["Subject"] == "Überfällig: ✈ LN-ABC"
    assert message["Date"].datetime == ManualClock().now()
    assert message["Auto-Submitted"] == "auto-generated"
    assert message.get_content().replace("\r\n", "\n") == "Grüße,\n.\nFrom here ✈\n"


async def test_a_letter_that_is_sent_again_is_recognised(server: MailServer, mailer: SmtpMailer) -> None:
    """The Message-ID is made of the letter's id alone, and one connection carries both."""
    await mailer.send(_LETTER)
    await mailer.send(evolve(_LETTER, subject="Again"))

    first, second = server.next(), server.next()
    assert _message(first)["Message-ID"] == _message(second)["Message-ID"] == "<0123.4567@fleet.example>"
    assert first["connection"] == second["connection"]


@pytest.mark.parametrize(
    "letter",
    [
        pytest.param(evolve(_LETTER, to="gone@example.org"), id="unknown to the server"),
        pytest.param(evolve(_LETTER, to="spam@example.org"), id="refused after its content"),
        pytest.param(evolve(_LETTER, to="jo@example.org>,<eve@example.org"), id="two addresses"),
        pytest.param(evolve(_LETTER, to="jo@example.org,eve@example.org"), id="a list of addresses"),
        pytest.param(evolve(_LETTER, to="jo@example.org\r\nBcc:eve@example.org"), id="a header in an address"),
        pytest.param(evolve(_LETTER, to="Jo<jo@example.org>"), id="an address with a name"),
        pytest.param(evolve(_LETTER, to="example.org"), id="no address"),
        pytest.param(evolve(_LETTER, to=""), id="nothing"),
        pytest.param(evolve(_LETTER, subject="Hello\r\nBcc: eve@example.org"), id="a header in the subject"),
        pytest.param(evolve(_LETTER, name="Jo\r\nBcc: eve@example.org"), id="a header in the name"),
    ],
)
async def test_what_cannot_be_sent_is_passed_over(server: MailServer, mailer: SmtpMailer, letter: Letter) -> None:
    """A letter that never will be taken is said to be so, reaches nobody, and the next one is sent."""
    assert await mailer.send(letter) is Reception.NEVER

    assert await mailer.send(_LETTER) is Reception.TAKEN
    taken = server.next()
    assert taken["to"] == ["jo@example.org"]
    assert "Bcc" not in _message(taken)


async def test_who_is_busy_is_asked_again_later(server: MailServer, mailer: SmtpMailer) -> None:
    """A recipient that the server does not take now is no reason to give up, nor to hold back letters to others."""
    assert await mailer.send(evolve(_LETTER, to="busy@example.org")) is Reception.LATER
    assert await mailer.send(_LETTER) is Reception.TAKEN
    assert server.next()["to"] == ["jo@example.org"]


async def test_a_server_that_does_not_answer_is_given_up(server: MailServer) -> None:
    """A letter takes no longer than it is given."""
    mailer = _mailer(server.url, timeout_s=0.2)

    with pytest.raises(Unavailable, match="in time"):
        await mailer.send(evolve(_LETTER, to="hangs@example.org"))

    await mailer.close()


async def test_a_server_that_went_away_is_found_again(start_server: Callable[..., MailServer]) -> None:
    """While it is away letters are not taken; once it is back they are, over a new connection."""
    first = start_server()
    mailer = _mailer(first.url)
    assert await mailer.send(_LETTER) is Reception.TAKEN
    first.stop()

    with pytest.raises(Unavailable):
        await mailer.send(_LETTER)
    second = start_server(first.port)

    assert await mailer.send(_LETTER) is Reception.TAKEN
    assert second.next()["to"] == ["jo@example.org"]
    await mailer.close()


async def test_a_server_that_was_restarted_unseen_takes_the_letter(start_server: Callable[..., MailServer]) -> None:
    """A connection that ended while nothing was sent costs no letter."""
    first = start_server()
    mailer = _mailer(first.url)
    assert await mailer.send(_LETTER) is Reception.TAKEN
    first.stop()
    second = start_server(first.port)

    assert await mailer.send(_LETTER) is Reception.TAKEN

    assert second.next()["to"] == ["jo@example.org"]
    await mailer.close()


async def test_no_letter_goes_in_clear_unless_settings_say_so(server: MailServer) -> None:
    """A server that does not offer encryption gets nothing, by default."""
    mailer = _mailer(server.url.removesuffix("?tls=none"))

    with pytest.raises(Unavailable):
        await mailer.send(_LETTER)

    await mailer.close()
    in_clear = _mailer(server.url)
    assert await in_clear.send(_LETTER) is Reception.TAKEN
    assert server.next()["to"] == ["jo@example.org"]
    await in_clear.close()


async def test_without_a_server_only_the_id_is_said() -> None:
    """Nothing of whom a letter is to, or of what it says, gets into the log."""
    said: list[str] = []
    mailer = LoggingMailer(said.append)

    assert await mailer.send(_LETTER) is Reception.TAKEN

    await mailer.close()
    assert said == ["0123.4567"]


def _mailer(url: str, **more: float) -> SmtpMailer:
    return SmtpMailer(SmtpServer.of(url), sender="AMSS <amss@fleet.example>", clock=ManualClock(), **more)


def _message(taken: dict[str, Any]) -> EmailMessage:
    return message_from_bytes(base64.b64decode(taken["content"]), policy=policy.SMTP)
