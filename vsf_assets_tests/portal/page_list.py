"""The pages that `make pictures` shows: of each address of the portal one, or why it has none.

Here: roles, addresses, and what is clicked on the way. Not here: the home, the portal and the browser (pictures.py).
"""

from typing import NamedTuple

WIDE, NARROW = {"width": 1280, "height": 860}, {"width": 390, "height": 844}
TALL = {"width": 1280, "height": 1100}

NOBODY = ""

NOT_FOUND = "not-found"
"""The picture of an error."""

MADE, NOTICES = "made", "notices"
"""First pictures that need a schema, and bad deliveries; the home has none before."""


class Typed(NamedTuple):
    """A text that is typed into a field; `{role}` stands for the password of that demo account."""

    field: str
    text: str


class Picture(NamedTuple):
    """A page to show.

    Attributes:
        name: of the picture.
        role: of the demo account that looks; NOBODY for a stranger.
        address: of the page, or of the one from which `clicks` lead to it; `{name}` stands for a found one.
        size: of the window.
        scheme: light or dark.
        clicks: what is clicked or typed one after the other, as selectors.
        route: name of the page's address in the list of addresses.
    """

    name: str
    role: str
    address: str
    route: str
    clicks: tuple[str | Typed, ...] = ()
    size: dict[str, int] = WIDE
    scheme: str = "light"


FUNDS = "/dictionaries/demo_funds/"
SMALL = "/dictionaries/made_in_two_steps/"

PICTURES = (
    Picture("home", "engineer", "/", "home", size=TALL),
    Picture("status", "engineer", "/status/?until=2019-05-26", "status", (), {"width": 1280, "height": 1500}, "dark"),
    Picture("tables", "reader", "/data/", "tables"),
    Picture("table", "reader", "/data/marts/fct_activity_events/?_sort=-event_at", "table"),
    Picture("row", "engineer", "/data/marts/dim_lines/row/?mtn=5552000002&is_current=true", "row"),
    Picture("deliver", "steward", "/deliveries/new/", "delivery_new"),
    Picture("dictionaries", "steward", "/dictionaries/", "dictionaries"),
    Picture("dictionary", "reader", f"{FUNDS}?namespace=ns-1&database=mutual_fund__stg", "dictionary"),
    Picture("catalog", "reader", "/catalog/songs/?versions__min=2", "catalog_entry", ("tbody th a",)),
    Picture(
        "receipt",
        "engineer",
        "/deliveries/files/?feed=events",
        "file_receipt",
        ("tr:has(td:nth-child(5):not(:text-is('0'))) a",),
        TALL,
    ),
    Picture("phone", "engineer", "/", "home", (), NARROW, "dark"),
    Picture("insight", "reader", "/insights/volume/", "insight"),
    Picture("campaign", "marketer", "/scores/400/", "campaign_scores"),
    Picture(MADE, "marketer", "/made-up-files/", "made_schema", ("tbody a",), TALL),
    Picture("made-editor", "marketer", "/made-up-files/", "made_edit", ("tbody a:text('Edit')",), TALL),
    Picture(NOTICES, "engineer", "/notices/", "notices"),
    Picture("login", NOBODY, "/account/login/", "account_login"),
    Picture("signup", NOBODY, "/account/signup/", "account_signup"),
    Picture("search", "engineer", "/search/?q=5552000002", "search"),
    Picture("day", "engineer", "/status/deliveries/?feed=events&day=2019-05-24", "file_list"),
    Picture("deliveries", "steward", "/deliveries/", "delivery_list"),
    Picture("files", "engineer", "/deliveries/files/?feed=events", "file_list", scheme="dark"),
    Picture("insights", "reader", "/insights/", "insights"),
    Picture("scores", "marketer", "/scores/", "scores"),
    Picture("catalogs", "reader", "/catalog/", "catalog"),
    Picture("entries", "reader", "/catalog/songs/", "catalog_entries"),
    Picture("objects", "reader", "/catalog/objects/", "catalog_objects"),
    Picture("object", "reader", "/catalog/objects/", "catalog_object", ("tbody a",)),
    Picture("skipped", "reader", "/catalog/skipped/", "catalog_skipped"),
    Picture("dictionary-versions", "reader", f"{FUNDS}versions/", "dictionary_versions"),
    Picture("dictionary-version", "reader", f"{FUNDS}versions/1/", "dictionary_version"),
    Picture("dictionary-anomalies", "steward", f"{FUNDS}versions/1/anomalies/", "dictionary_anomalies"),
    Picture("dictionary-changes", "reader", f"{SMALL}versions/2/changes/1/", "dictionary_changes"),
    Picture("made-list", "marketer", "/made-up-files/", "made"),
    Picture("made-new", "marketer", "/made-up-files/new/", "made_new"),
    Picture("made-delete", "marketer", "/made-up-files/", "made_delete", ("main tbody a[href$='/delete/']",)),
    Picture("questions", "engineer", "/questions/", "questions"),
    Picture("sql", "engineer", "/questions/sql/", "sql", size=TALL),
    Picture("sql-history", "engineer", "/questions/sql/history/", "sql_history"),
    Picture("question", "engineer", "{question}", "question"),
    Picture("question-new", "engineer", "/questions/new/", "question_new", scheme="dark"),
    Picture("notice", "engineer", "/notices/", "notice", ("main a[href^='/notices/0']",)),
    Picture("question-edit", "engineer", "{question}edit/", "question_edit"),
    Picture("question-versions", "engineer", "{question}versions/", "question_versions"),
    Picture("delivery", "engineer", "{receipt}", "receipt", size=TALL),
    Picture("arrival", "steward", "{arrival}", "dictionary_arrival", size=TALL),
    Picture("landed-schema", "engineer", "/made-up-files/", "made_landed", ("main a[href*='/landed/']",), TALL),
    Picture("join", NOBODY, "{join}", "join"),
    Picture("teams", "admin", "/team/", "teams"),
    Picture("team", "admin", "/team/", "team", ("main a:text-is('platform')",), TALL),
    Picture(
        "team-notices", "admin", "/team/", "team_notices", ("main a:text-is('platform')", "main a[href$='/notices/']")
    ),
    Picture("profile", "engineer", "/profile/", "profile"),
    Picture("profile-delete", "engineer", "/profile/delete/", "profile_delete"),
    Picture("sessions", "engineer", "/account/sessions/", "usersessions_list"),
    Picture("tokens", "engineer", "/tokens/", "tokens"),
    Picture("password", "engineer", "/account/password/change/", "account_change_password"),
    Picture("confirm-password", "engineer", "/account/reauthenticate/", "account_reauthenticate"),
    Picture("mail-addresses", "engineer", "/account/email/", "account_email"),
    Picture("logout", "engineer", "/account/logout/", "account_logout"),
    Picture("forgotten", NOBODY, "/account/password/reset/", "account_reset_password"),
    Picture("forgotten-sent", NOBODY, "/account/password/reset/done/", "account_reset_password_done"),
    Picture("forgotten-link", NOBODY, "/account/password/reset/key/1-old/", "account_reset_password_from_key"),
    Picture("forgotten-done", NOBODY, "/account/password/reset/key/done/", "account_reset_password_from_key_done"),
    Picture("confirm-mail", NOBODY, "/account/confirm-email/old/", "account_confirm_email"),
    Picture("confirm-mail-sent", NOBODY, "/account/confirm-email/", "account_email_verification_sent"),
    Picture("inactive", NOBODY, "/account/inactive/", "account_inactive"),
    Picture("two-factor", "engineer", "/account/2fa/", "mfa_index"),
    Picture("two-factor-new", "engineer", "/account/2fa/totp/activate/", "mfa_activate_totp"),
    Picture("two-factor-end", "admin", "/account/2fa/totp/deactivate/", "mfa_deactivate_totp"),
    Picture("two-factor-again", "admin", "/account/2fa/reauthenticate/", "mfa_reauthenticate"),
    Picture("recovery-codes", "admin", "/account/2fa/recovery-codes/", "mfa_view_recovery_codes"),
    Picture("recovery-codes-new", "admin", "/account/2fa/recovery-codes/generate/", "mfa_generate_recovery_codes"),
    Picture(
        "two-factor-login",
        NOBODY,
        "/account/login/",
        "mfa_authenticate",
        (Typed("[name=login]", "demo-admin"), Typed("[name=password]", "{admin}"), "button.main"),
    ),
    Picture("api", "engineer", "/api/docs", "api_docs", size=TALL),
    Picture("admin", "admin", "/admin/", "admin:index"),
    Picture(NOT_FOUND, "reader", "/data/marts/no_such_table/", "table"),
)

FORM, FILE, LEADS = "only receives a form", "answers with a file or for programs", "leads to another page"

WITHOUT = {
    **dict.fromkeys(("theme", "delivery_cancel", "made_landed_copy", "made_generate", "session_end"), FORM),
    **dict.fromkeys(
        (
            "question_link_new",
            "question_link_end",
            "question_delete",
            "dictionary_rename",
            "dictionary_delete",
            "token_end",
            "notices_read",
            "notice_read",
        ),
        FORM,
    ),
    **dict.fromkeys(("team_invite", "team_invitation_end", "team_member", "team_password", "team_grant"), FORM),
    **dict.fromkeys(("team_webhook", "team_webhook_end", "team_webhook_test"), FORM),
    **dict.fromkeys(("export", "insight_csv", "question_export", "mfa_download_recovery_codes"), FILE),
    **dict.fromkeys(("receipt_bad_rows", "receipt_report", "file_bad_rows", "file_report"), FILE),
    **dict.fromkeys(("dictionary_datapoints", "dictionary_report", "dictionary_arrival_state"), FILE),
    **dict.fromkeys(("made_landed_file", "made_export", "made_file", "dagster_access"), FILE),
    **dict.fromkeys(("old_index", "old_activity", "old_by_limit", "old_by_device"), FILE),
    **dict.fromkeys(("deliveries", "dagster", "docs", "account_set_password"), LEADS),
    "account_request_reauthentication_code": "is switched off: nobody signs in by a code in a mail",
    "account_confirm_reauthentication_code": "is switched off",
    "account_confirm_login_code": "is switched off",
}
"""Name of an address that has no picture -> why."""
