"""Argon2id with the portal's parameters: 19 MiB of memory, 2 passes, 1 lane (OWASP's recommendation).

Here: the parameters, and that one password at a time is hashed in a process, so that a burst of log-ins takes the
memory of one. Not here: limits of log-ins (login_limits.py).
"""

import threading

from django.contrib.auth.hashers import Argon2PasswordHasher

_one_at_a_time = threading.Lock()


class Argon2idHasher(Argon2PasswordHasher):
    """Django's hasher with other parameters; a password that was hashed with others is hashed again at log-in."""

    time_cost = 2
    memory_cost = 19 * 1024
    parallelism = 1

    def encode(self, password: str, salt: str) -> str:
        """Hash a password; other threads wait meanwhile."""
        with _one_at_a_time:
            return str(super().encode(password, salt))

    def verify(self, password: str, encoded: str) -> bool:
        """Compare a password with a hashed one; other threads wait meanwhile."""
        with _one_at_a_time:
            return bool(super().verify(password, encoded))
