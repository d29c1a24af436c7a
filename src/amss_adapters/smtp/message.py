"""A letter as a message (RFC 5322), whose headers hold what they are to hold and nothing else."""

from datetime import datetime
from email.headerregistry import Address
from email.message import EmailMessage
from email.policy import SMTP
from email.utils import format_datetime, parseaddr

from amss_domain.alerts.letters import Letter


def sender_of(text: str) -> Address:
    """Read `AMSS <amss@example.org>` or a bare address. Raises ValueError."""
    name, address = parseaddr(text)
    try:
        found = Address(name, addr_spec=address)
    except (ValueError, IndexError) as error:
        raise ValueError("is no e-mail address") from error
    # A parser of addresses reads as far as it can; what comes after that is not to be lost unseen.
    if not (found.username and found.domain and text.rstrip(" >").endswith(address)):
        raise ValueError("is no e-mail address")
    return found


def message_of(letter: Letter, *, sender: Address, at: datetime) -> EmailMessage | None:
    """Return the message; None when the letter is to an address that none is sent to."""
    try:
        # Parsed, and not put together: what is no address, or more than one, does not get into a header.
        to = Address(letter.name, addr_spec=letter.to)
        message = EmailMessage(policy=SMTP)
        message["From"] = sender
        message["To"] = to
        message["Subject"] = letter.subject
        message["Date"] = format_datetime(at)
        message["Message-ID"] = f"<{letter.id}@{sender.domain}>"
        # RFC 3834: nobody answers this automatically.
        message["Auto-Submitted"] = "auto-generated"
    except (ValueError, IndexError, UnicodeError):
        return None
    message.set_content(letter.text, charset="utf-8")
    return message if to.username and to.domain else None
