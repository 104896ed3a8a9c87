"""What keeps accounts from going around the rules: second factor, repeated password, reserved names, ended links.

Here: ways by which somebody could keep or take more than was given. Not here: what people usually do on the pages
(test_accounts.py), and log-in limits (test_log_in.py).
"""

import pytest

from vsf_assets_tests.portal.driver import PASSWORD, Portal
from vsf_assets_tests.portal.test_accounts import NEW, join


def log_in(portal: Portal, name: str, password: str = PASSWORD) -> object:
    client = portal.client()
    client.post("/account/login/", {"login": name, "password": password})
    return client


def test_with_mail_accounts_without_an_address_sign_in_and_signed_up_ones_confirm_theirs(
    portal: Portal, monkeypatch: pytest.MonkeyPatch
) -> None:
    from dataclasses import replace

    from django.conf import settings
    from django.core import mail
    from django.test import override_settings

    from vsf_assets.portal.accounts.one_time_links import first_admin_link

    monkeypatch.setattr(settings, "VSF_PORTAL", replace(settings.VSF_PORTAL, signup="open"))
    memory = "django.core.mail.backends.locmem.EmailBackend"
    with override_settings(ACCOUNT_EMAIL_VERIFICATION="mandatory", EMAIL_BACKEND=memory):
        join(portal.client(), f"/join/{first_admin_link()}/", username="root")
        assert log_in(portal, "root", NEW).get("/").status_code == 200  # type: ignore[attr-defined]
        fields = {"username": "guest", "email": "g@example.org", "password1": NEW, "password2": NEW}
        portal.client().post("/account/signup/", fields)
        assert [letter.to for letter in mail.outbox] == [["g@example.org"]]
        assert log_in(portal, "guest", NEW).get("/").status_code == 302  # type: ignore[attr-defined]
