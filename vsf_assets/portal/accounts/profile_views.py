"""The page of the own account: what it may do, password, second factor, sessions, and its deletion.

Here: the overview and the deletion. Not here: pages of django-allauth that it links to.
"""

from allauth.account.decorators import reauthentication_required
from allauth.mfa.utils import is_mfa_enabled
from django.contrib import messages
from django.contrib.auth import logout
from django.contrib.auth.decorators import login_required
from django.core.exceptions import ValidationError
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.http import require_http_methods, require_safe

from vsf_assets.portal.accounts.account_changes import delete_account


@require_safe
@login_required
def profile(request: HttpRequest) -> HttpResponse:
    """Show the own account."""
    members = request.user.memberships.select_related("team").prefetch_related("team__grants")
    context = {"memberships": members, "has_second_factor": is_mfa_enabled(request.user)}
    return render(request, "accounts/profile.html", context)


@require_http_methods(["GET", "HEAD", "POST"])
@login_required
@reauthentication_required
def delete(request: HttpRequest) -> HttpResponse:
    """Ask for the own name, and delete the account."""
    if request.method == "POST":
        user = request.user
        if request.POST.get("name", "").strip().lower() != user.username:
            messages.error(request, f"Type your name, {user.username}, to delete the account.")
            return redirect("profile_delete")
        try:
            delete_account(user, user.id)
        except ValidationError as error:
            messages.error(request, f"The account was not deleted: {error.message}.")
            return redirect("profile")
        logout(request)
        messages.success(request, "Your account was deleted.")
        return redirect("account_login")
    return render(request, "accounts/delete.html")
