"""The Django app of the admin site, with our site in place of Django's.

Not here: the site (admin_site.py), and which models it shows (accounts/admin.py, audit/admin.py).
"""

from django.contrib.admin.apps import AdminConfig


class PortalAdminConfig(AdminConfig):
    """Django's admin site for administrators of the platform."""

    default_site = "vsf_assets.portal.admin_site.PortalAdminSite"
