"""A mail with notices: to one account, with the same message id at every try.

Here: the letter, in plain text. Not here: who receives it (recipients.py), and when it is tried again (outbox.py).
"""

from collections.abc import Sequence
from smtplib import SMTPException
from urllib.parse import urlsplit

from django.conf import settings
from django.core.mail import EmailMessage

from vsf_assets.portal.notices.models import NoticeEvent
from vsf_assets.portal.notices.webhook_call import CallError
from vsf_assets.portal.notices.wording import address, advice, resolution, title

SHOWN = 20
"""Notices that a mail names; it counts the others."""


def send_mail(to: str, message_id: str, pairs: Sequence[tuple[NoticeEvent, bool]]) -> None:
    """Send a mail.

    Args:
        to: a confirmed address.
        message_id: the same at every try.
        pairs: events, each with whether the mail says that it is over.

    Raises:
        CallError: the mail server did not accept it.
    """
    subject, body = letter(pairs)
    host = urlsplit(settings.VSF_PORTAL.shown_url).hostname or "localhost"
    headers = {
        "Message-ID": f"<{message_id}@{host}>",
        "X-Vsf-Notice-Id": message_id,
        "Auto-Submitted": "auto-generated",
    }
    mail = EmailMessage(subject, body, to=[to], headers=headers)
    try:
        mail.send()
    except SMTPException as error:
        code = getattr(error, "smtp_code", None)
        raise CallError(f"the mail server refuses the mail{f' ({code})' if code else ''}") from error
    except OSError as error:  # also errors of TLS
        raise CallError("the mail server cannot be reached") from error


def letter(pairs: Sequence[tuple[NoticeEvent, bool]]) -> tuple[str, str]:
    """Return subject and text."""
    first, says_resolved = pairs[0]
    subject = f"Over: {title(first)}" if says_resolved else title(first)
    subject += f" (and {len(pairs) - 1} more)" if len(pairs) > 1 else ""
    parts = ["\n".join(_lines(event, over)) for event, over in pairs[:SHOWN]]
    if len(pairs) > SHOWN:
        parts.append(f"And {len(pairs) - SHOWN:,} more: {settings.VSF_PORTAL.shown_url}/notices/")
    parts.append("A team of yours chose these mails in the portal: Team, Notices. Its administrators change that.")
    return subject, "\n\n".join(parts) + "\n"


def _lines(event: NoticeEvent, says_resolved: bool) -> list[str]:
    end = resolution(event)
    lines = [title(event) + "."]
    if end:
        lines.append(end)
    if not says_resolved and not end:
        lines.append(advice(event))
    lines.append(f"{event.happened_at:%Y-%m-%d %H:%M} UTC  {address(event)}")
    return lines
