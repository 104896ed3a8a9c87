"""The table of rights of the addresses below `/account/` and `/admin/`, which libraries make.

Here: each address, and who gets which answer. An address without a line fails the test (test_account_matrix.py). Not
here: all others (matrix.py).
"""

ACCOUNT = {
    "login/": ("login/", 200, 302),
    "logout/": ("logout/", 302, 200),
    "inactive/": ("inactive/", 200, 200),
    "signup/": ("signup/", 200, 302),
    "reauthenticate/": ("reauthenticate/", 302, 200),
    "reauthenticate/code/": ("reauthenticate/code/", 302, 302),
    "reauthenticate/code/confirm/": ("reauthenticate/code/confirm/", 302, 302),
    "email/": ("email/", 302, 200),
    "confirm-email/": ("confirm-email/", 200, 200),
    r"^confirm-email/(?P<key>[-:\w]+)/$": ("confirm-email/nothing/", 200, 200),
    "password/change/": ("password/change/", 302, 200),
    "password/set/": ("password/set/", 302, 302),
    "password/reset/": ("password/reset/", 200, 200),
    "password/reset/done/": ("password/reset/done/", 200, 200),
    "password/reset/key/done/": ("password/reset/key/done/", 200, 200),
    r"^password/reset/key/(?P<uidb36>[0-9A-Za-z]+)-(?P<key>.+)/$": ("password/reset/key/1-nothing/", 200, 200),
    "login/code/confirm/": ("login/code/confirm/", 302, 302),
    "dagster-access/": ("dagster-access/", 401, 403),
    "sessions/": ("sessions/", 302, 200),
    "sessions/<slug:mark>/end/": ("sessions/nothing/end/", 405, 405),
    "2fa/": ("2fa/", 302, 200),
    "2fa/authenticate/": ("2fa/authenticate/", 302, 302),
    "2fa/reauthenticate/": ("2fa/reauthenticate/", 302, 302),
    "2fa/totp/activate/": ("2fa/totp/activate/", 302, 302),
    "2fa/totp/deactivate/": ("2fa/totp/deactivate/", 302, 404),
    "2fa/recovery-codes/": ("2fa/recovery-codes/", 302, 404),
    "2fa/recovery-codes/generate/": ("2fa/recovery-codes/generate/", 302, 302),
    "2fa/recovery-codes/download/": ("2fa/recovery-codes/download/", 302, 404),
}
"""Address below `/account/` -> an example, the answer to visitors, and the one to accounts without a second factor that
signed in some time ago."""

MODELS = {
    "accounts/user": (200, 200, 200, 200),
    "accounts/team": (200, 200, 200, 200),
    "accounts/membership": (200, 200, 200, 403),
    "accounts/grant": (200, 200, 200, 200),
    "accounts/apitoken": (200, 403, 200, 200),
    "accounts/onetimelink": (200, 403, 200, 200),
    "audit/auditentry": (200, 403, 200, 403),
}
"""Model in the admin site -> the answers of its list, add, change and delete to an administrator of the platform; all
others are sent to the log-in."""

OTHERS_OF_ADMIN = {
    "": ("", 200),
    "login/": ("login/", 302),
    "logout/": ("logout/", 405),
    "password_change/": ("password_change/", 302),
    "password_change/done/": ("password_change/done/", 200),
    "autocomplete/": (
        "autocomplete/?app_label=accounts&model_name=membership&field_name=user",
        200,
    ),
    "jsi18n/": ("jsi18n/", 200),
    "r/<path:content_type_id>/<path:object_id>/": ("r/1/1/", 404),
    "^(?P<app_label>accounts|audit)/$": ("accounts/", 200),
    "(?P<url>.*)$": ("nothing/", 404),
}
"""Address below `/admin/` -> an example, and the answer to an administrator of the platform."""
