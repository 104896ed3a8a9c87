"""Paths that hold a secret, as logs may show them.

Here: leaving out the secret of a one-time link, and characters that would begin another line. Not here: the logs
(config.py, access_log.py).
"""

import logging
import re

from vsf_assets.common.visible_text import visible

_SECRET = re.compile(r"(/join/|/account/password/reset/key/|/account/confirm-email/)[^/\s?'\"]+")


def without_secrets(text: str) -> str:
    """Return a text, such as a path, with `…` in place of the secrets of one-time links."""
    return _SECRET.sub(r"\1…", text)


class SecretPathFilter(logging.Filter):
    """Takes secrets of paths and invisible characters out of the lines of a log."""

    def filter(self, record: logging.LogRecord) -> bool:
        """Change the message of a record; every record passes."""
        record.msg, record.args = visible(without_secrets(record.getMessage())), ()
        return True
