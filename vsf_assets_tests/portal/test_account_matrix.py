"""Addresses below `/account/` and `/admin/` × every caller answer what their table says.

Here: the walk. Not here: the table (account_matrix.py), and what the pages do (test_accounts.py, test_admin_site.py).
"""

from typing import Any

from vsf_assets_tests.portal.account_matrix import ACCOUNT, MODELS, OTHERS_OF_ADMIN
from vsf_assets_tests.portal.driver import Portal, random_id
from vsf_assets_tests.portal.test_rights_matrix import Callers, routes, without_token


def found_below(place: str) -> set[str]:
    from django.urls import get_resolver

    return {r.removeprefix(place) for r in routes(get_resolver().url_patterns) if r.startswith(place)}


def of_models() -> dict[str, tuple[str, int]]:
    """Return each address of a model, with its part and the answer to an administrator."""
    found: dict[str, tuple[str, int]] = {}
    for model, (listed, added, changed, deleted) in MODELS.items():
        found |= {f"{model}/": ("", listed), f"{model}/add/": ("add/", added)}
        for part, answer in (("history/", changed), ("delete/", deleted), ("change/", changed), ("", 302)):
            found[f"{model}/<path:object_id>/{part}"] = (part, answer)
    return found


def test_every_address_below_account_and_admin_has_a_line(portal: Portal) -> None:
    assert found_below("account/") == set(ACCOUNT)
    assert found_below("admin/") == set(of_models()) | set(OTHERS_OF_ADMIN)


def test_pages_of_the_own_account_answer_what_their_table_says(portal: Portal) -> None:
    callers = Callers(portal)
    wrong = []
    for example, visitor, member in ACCOUNT.values():
        for caller in ("visitor", "stranger", "reader", "engineer", "other"):
            answer = callers.clients[caller].get(f"/account/{example}")
            wanted = visitor if caller == "visitor" else member
            if answer.status_code != wanted:
                wrong.append((example, caller, answer.status_code, wanted))
    assert wrong == []


def objects() -> dict[str, Any]:
    """Return an object of each model of the admin site."""
    from django.apps import apps

    found = {model: apps.get_model(*model.split("/")).objects.first() for model in MODELS}
    found["accounts/team"] = apps.get_model("accounts", "team").objects.exclude(name="platform").first()
    found["accounts/user"] = apps.get_model("accounts", "user").objects.get(username="victim")
    return {model: row.pk for model, row in found.items()}


def test_the_admin_site_answers_administrators_of_the_platform_alone(portal: Portal) -> None:
    callers, wrong = Callers(portal), []
    examples = {f"/admin/{example}": answer for example, answer in OTHERS_OF_ADMIN.values()}
    known = objects()
    for address, (_, answer) in of_models().items():
        model = "/".join(address.split("/")[:2])
        examples[f"/admin/{address}".replace("<path:object_id>", str(known[model]))] = answer
    for address, wanted in examples.items():
        given = callers.clients["admin"].get(address).status_code
        if given != wanted:
            wrong.append((address, "admin", given, wanted))
        for caller in ("visitor", "stranger", "reader", "engineer", "other"):
            answer = callers.clients[caller].get(address)
            place = answer.headers.get("Location", "")
            is_led = answer.status_code == 302 and place.startswith(("/admin/login/", "/account/login/"))
            is_refused = address == "/admin/login/" and answer.status_code == 403
            is_refused |= address == "/admin/logout/" and place == "/admin/"
            if not (is_led or is_refused):
                wrong.append((address, caller, answer.status_code, place))
    assert wrong == []


def test_the_admin_site_has_one_answer_for_ids_that_never_were_and_that_are_none(portal: Portal) -> None:
    client = Callers(portal).clients["admin"]
    for model in MODELS:
        for part in ("change/", "delete/", "history/"):
            never, malformed = (client.get(f"/admin/{model}/{key}/{part}") for key in (random_id(), "nothing"))
            assert never.status_code == malformed.status_code, (model, part)
            assert never.status_code == 302 or part == "delete/"
            assert never.headers.get("Location") == malformed.headers.get("Location") in ("/admin/", None)


def test_an_unsafe_request_to_a_foreign_place_changes_nothing(portal: Portal) -> None:
    """Every form of the platform's administrators, sent by everybody else with a right token of a form."""
    from vsf_assets_tests.portal.test_protection import WRITTEN_BY_READING

    callers = Callers(portal)
    known = objects()
    before = portal.tables(*WRITTEN_BY_READING, "django_admin_log")
    for model, key in known.items():
        for caller in ("visitor", "stranger", "engineer", "other"):
            for part in ("add/", f"{key}/change/", f"{key}/delete/"):
                answer = callers.clients[caller].post(f"/admin/{model}/{part}", {"post": "yes", "role": "admin"})
                assert answer.status_code == 302, (model, part, caller)
    assert portal.tables(*WRITTEN_BY_READING, "django_admin_log") == before


def test_the_password_of_an_administrator_is_changed_on_the_page_of_all(portal: Portal) -> None:
    client = portal.confirmed(portal.account("root", "admin"))
    assert client.get("/admin/password_change/").headers["Location"] == "/account/password/change/"


def test_pages_of_visitors_say_the_same_of_accounts_that_are_and_are_not(portal: Portal) -> None:
    portal.account("ann", "reader")
    visitor = portal.client()
    for address in ("/account/password/reset/key/1-nothing/", "/account/confirm-email/nothing/", "/join/nothing/"):
        pages = {without_token(visitor.get(address.replace("nothing", word))) for word in ("nothing", "ann", "x-y")}
        assert len(pages) == 1, address
