"""Sends letters by SMTP (RFC 5321), or only says that it would."""

from amss_adapters.smtp.mailer import SmtpMailer
from amss_adapters.smtp.server import SmtpServer
from amss_adapters.smtp.unconfigured import LoggingMailer

__all__ = ["LoggingMailer", "SmtpMailer", "SmtpServer"]
