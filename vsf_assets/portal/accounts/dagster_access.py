"""Who may use Dagster's UI behind the portal's log-in: the answer for the proxy, and the way to the UI.

Here: the rule, the address that the proxy asks before each request, and the page that leads on after the log-in. Not
here: the proxy (deploy/nginx-dagster.conf), and the UI that starts nothing (service/web_server.py).

Engineers may do everything: they run the platform. Dagster's previews show raw rows, so of the others those alone may
look who may export, and see personal data. Both belong to the platform's team, since the UI shows every feed.
"""

from django.conf import settings
from django.contrib.auth.decorators import login_required
from django.core.exceptions import PermissionDenied
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.views.decorators.http import require_safe

from vsf_assets.portal.accounts.rights import EXPORT, RAW, AccountRights
from vsf_assets.web.ui_access import ACCESS, FULL, READ_ONLY


def access_to_dagster(rights: AccountRights) -> str:
    """Return what somebody may do in Dagster's UI: FULL, READ_ONLY, or empty for nothing."""
    if rights.may_on_platform(RAW):
        return FULL
    return READ_ONLY if rights.may_on_platform(EXPORT) and rights.may_see_personal else ""


def address_of_dagster(rights: AccountRights, local: str) -> str:
    """Return where somebody opens Dagster's UI: behind the proxy, or on this machine; empty for nowhere.

    Args:
        rights: of the account.
        local: address at which the service listens; empty if none runs.
    """
    access = access_to_dagster(rights)
    if not (local and access):
        return ""
    if settings.VSF.ui_url:
        return str(settings.VSF.ui_url)
    return local if access == FULL else ""  # the UI that starts nothing is there behind the proxy alone


@require_safe
def dagster_access(request: HttpRequest) -> HttpResponse:
    """Tell the proxy whether the person of a session may pass: 204 with what they may, 401 for visitors, else 403."""
    if not request.user.is_authenticated:
        return HttpResponse(status=401)
    access = access_to_dagster(request.user.account_rights) if settings.VSF.ui_url else ""
    if not access or (request.GET.get("need") == FULL and access != FULL):
        return HttpResponse(status=403)
    response = HttpResponse(status=204)
    response[ACCESS] = access
    response["Cache-Control"] = "no-store"
    return response


@require_safe
@login_required
def to_dagster(request: HttpRequest) -> HttpResponse:
    """Lead on to Dagster's UI, also after a log-in."""
    if not settings.VSF.ui_url:
        raise Http404
    if not access_to_dagster(request.user.account_rights):
        raise PermissionDenied("Dagster is for engineers of the platform, and for its analysts who see personal data")
    return redirect(settings.VSF.ui_url)
