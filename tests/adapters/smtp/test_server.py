"""A mail server is named by a URL, which says everything about the way to it."""

import pytest

from amss_adapters.smtp.mailer import SmtpMailer
from amss_adapters.smtp.server import Encryption, SmtpServer
from amss_domain.testing.stand_ins import ManualClock


@pytest.mark.parametrize(
    ("url", "expected"),
    [
        ("smtp://mail.example", SmtpServer(host="mail.example", port=587)),
        ("smtps://mail.example", SmtpServer(host="mail.example", port=465, encryption=Encryption.FROM_THE_START)),
        (
            "smtp://jo%40example:p%3Aw@mail.example:2525",
            SmtpServer(host="mail.example", port=2525, username="jo@example", password="p:w"),
        ),
        ("smtp://[::1]:25?tls=none", SmtpServer(host="::1", port=25, encryption=Encryption.NEVER)),
        ("smtp://mail/?tls=opportunistic", SmtpServer(host="mail", port=587, encryption=Encryption.IF_OFFERED)),
    ],
)
def test_a_url_names_a_server(url: str, expected: SmtpServer) -> None:
    """Host, port, who logs in and when it is encrypted are read; the rest is as usual."""
    assert SmtpServer.of(url) == expected


@pytest.mark.parametrize(
    "url",
    [
        "mail.example",
        "http://mail.example",
        "smtp://",
        "smtp://mail.example/inbox",
        "smtp://mail.example:port",
        "smtp://mail.example?tls=maybe",
        "smtp://mail.example?other=1",
        "smtps://mail.example?tls=none",
        "smtp://jo:pw@mail.example?tls=none",
        "smtp://jo:pw@mail.example?tls=opportunistic",
    ],
)
def test_any_other_url_is_refused(url: str) -> None:
    """What is no mail server, or would send a password in clear, is no setting."""
    with pytest.raises(ValueError):  # noqa: PT011 - whatever it says goes behind the setting's name
        SmtpServer.of(url)


def test_a_password_does_not_show() -> None:
    """What is printed of a server does not have its password."""
    assert "secret" not in repr(SmtpServer.of("smtp://jo:secret@mail.example"))


@pytest.mark.parametrize("sender", ["", "AMSS", "amss@", "amss@x>,<eve@y", "AMSS <>"])
def test_a_sender_is_an_address(sender: str) -> None:
    """A mailer without an address to send from is not made."""
    with pytest.raises(ValueError, match="no e-mail address"):
        SmtpMailer(SmtpServer(host="mail", port=25), sender=sender, clock=ManualClock())
