"""What portal, proxy and web server of the UI call it that a person may use the UI.

Here: the names alone. Not here: who may (portal/accounts/dagster_access.py), the proxy (deploy/nginx-dagster.conf), and
the web server (service/session_check.py).
"""

ACCESS = "X-Vsf-Access"
"""Header of the portal's answer, which the proxy passes on to the web server."""

FULL, READ_ONLY = "full", "read-only"
"""Its values: everything, or looking alone."""

PATH = "/account/dagster-access/"
"""Where the portal answers; with `?need=full` to whoever may do everything alone."""
