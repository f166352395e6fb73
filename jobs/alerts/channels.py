"""The ways out: JSON by HTTP, mail by SMTP."""

from __future__ import annotations

import smtplib
import ssl
from email.message import EmailMessage
from email.utils import formatdate

import httpx

from jobs.alerts.config import Channel, Email, Webhook
from jobs.alerts.message import Message
from jobs.platform.errors import LakeError
from jobs.platform.secrets import secret
from jobs.platform.settings import Settings

PATIENCE = 10  # seconds for each answer of a receiver


class ChannelDown(LakeError):
    """The message did not reach the channel; it is tried again at the next look."""


def send(settings: Settings, channel: Channel, message: Message) -> None:
    """Raises ChannelDown, in words that hold no address that is a secret and nothing of the message."""
    try:
        if isinstance(channel, Webhook):
            _post(settings, channel, message)
        else:
            _mail(settings, channel, message)
    except (httpx.HTTPError, httpx.InvalidURL, smtplib.SMTPException, OSError, ValueError) as problem:
        raise _down(channel, type(problem).__name__) from None


def _down(channel: Channel, why: str) -> ChannelDown:
    return ChannelDown(f"channel {channel.name} took no message: {why}", f"try it with ./lake alerts --try {channel.name}")


def _named(settings: Settings, channel: Channel, name: str) -> str:
    try:
        return secret(settings, name)
    except (KeyError, LakeError):  # none of that name, or no secrets of this checkout at all
        raise ChannelDown(f"channel {channel.name} needs the secret {name}, which there is not", f"set LAKE_SECRET_{name.upper()}, or put {name} into .lake/secrets.json") from None


def _post(settings: Settings, channel: Webhook, message: Message) -> None:
    """`text` is what chat services show; a repeat of the same news has the same `Idempotency-Key`."""
    url = channel.url or _named(settings, channel, str(channel.url_secret))
    headers = {"Idempotency-Key": message.id}
    if channel.token_secret:
        headers["Authorization"] = f"Bearer {_named(settings, channel, channel.token_secret)}"
    body = {"id": message.id, "text": f"{message.subject}\n\n{message.text}", "subject": message.subject, "alerts": list(message.alerts)}
    answer = httpx.post(url, json=body, headers=headers, timeout=PATIENCE, follow_redirects=False)
    if not answer.is_success:
        raise _down(channel, f"it answered {answer.status_code}")


def _mail(settings: Settings, channel: Email, message: Message) -> None:
    context = ssl.create_default_context(cafile=channel.authority)
    opened = smtplib.SMTP_SSL(channel.host, channel.port, timeout=PATIENCE, context=context) if channel.security == "tls" else smtplib.SMTP(channel.host, channel.port, timeout=PATIENCE)
    with opened as server:
        if channel.security == "starttls":
            server.starttls(context=context)
        if channel.user:
            server.login(channel.user, _named(settings, channel, channel.password_secret or f"{channel.name}_password"))
        server.send_message(as_mail(channel, message))


def as_mail(channel: Email, message: Message) -> EmailMessage:
    """A repeat of the same news has the same Message-ID, by which mail servers and readers drop one of them."""
    mail = EmailMessage()
    mail["Subject"], mail["From"], mail["To"], mail["Date"] = message.subject, channel.sender, ", ".join(channel.to), formatdate()
    mail["Message-ID"], mail["Auto-Submitted"] = f"<{message.id}@civiclake>", "auto-generated"
    mail.set_content(message.text)
    return mail
