"""The address of the banner service: whether it can be listened on, and how a person writes it.

Not here: the processes that listen (serving.py).
"""

import errno
import socket

from vsf_assets.common.errors import VsfError


def check_address(host: str, port: int, setting: str = "VSF_BANNERS_BIND") -> None:
    """Check that an address can be listened on.

    The workers share it (SO_REUSEPORT), so the system would let another service of the same user share it too.

    Raises:
        VsfError: it is in use, or may not be used.
    """
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    try:
        socket.create_server((host, port), family=family).close()
    except (OSError, OverflowError) as error:
        if getattr(error, "errno", None) == errno.EADDRINUSE:
            raise VsfError(f"{host}, port {port} is in use; set {setting} to another address") from None
        raise VsfError(f"cannot listen on {host}, port {port} ({setting}): {error}") from None


def shown_address(host: str, port: int) -> str:
    """Return the URL of a service for a person on this machine."""
    host = {"0.0.0.0": "127.0.0.1", "::": "::1"}.get(host, host)  # noqa: S104 - compared, not bound
    return f"http://{f'[{host}]' if ':' in host else host}:{port}"
