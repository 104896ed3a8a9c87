"""Argon2id with the portal's parameters: 19 MiB of memory, 2 passes, 1 lane (OWASP's recommendation).

Not here: limits of log-ins, which keep the memory of parallel ones small (login_limits.py).
"""

from django.contrib.auth.hashers import Argon2PasswordHasher


class Argon2idHasher(Argon2PasswordHasher):
    """Django's hasher with other parameters; a password that was hashed with others is hashed again at log-in."""

    time_cost = 2
    memory_cost = 19 * 1024
    parallelism = 1
