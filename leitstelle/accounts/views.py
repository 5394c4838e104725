"""The log-in: name and password first, then the second factor of those who have one, then a seat. One form for the
console and the administration."""

import time
from http import HTTPStatus
from typing import Any
from uuid import uuid4

from django.contrib import auth, messages
from django.contrib.auth.forms import PasswordChangeForm
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.http import url_has_allowed_host_and_scheme, urlencode
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.csrf import csrf_exempt, csrf_protect
from django.views.decorators.debug import sensitive_post_parameters
from django.views.decorators.http import require_http_methods, require_POST

from journal.commands import execute
from leitstelle.accounts import failures, seats, second, services
from leitstelle.accounts.models import User
from resources.models import Centre

CONSOLE = "/"
ADMINISTRATION = "/admin/"
# Under this name the session knows who has given the password and still owes the code; for so long.
PENDING = "second_factor"
PENDING_SECONDS = 300
FRESH_SECRET = "fresh_secret"


@never_cache
@csrf_protect
@sensitive_post_parameters("password")
@require_http_methods(["GET", "HEAD", "POST"])
def login_page(request: HttpRequest) -> HttpResponse:
    """Name and password. With a ``seat`` in the same form the person is seated at once, else asked for it next."""
    if request.method != "POST":
        return _login_form(request, "", HTTPStatus.OK)
    # PostgreSQL knows no NUL in a text; nobody's name has one.
    username = request.POST.get("username", "").replace("\x00", "").strip()
    if failures.too_many(failures.subject(username, request)):
        return _login_form(request, _too_many(), HTTPStatus.TOO_MANY_REQUESTS)
    user = auth.authenticate(request, username=username, password=request.POST.get("password", ""))
    if not isinstance(user, User):
        return _login_form(request, _("Name oder Kennwort stimmt nicht."), HTTPStatus.UNAUTHORIZED)
    if user.totp_secret:
        request.session[PENDING] = {"user": str(user.pk), "proof": user.get_session_auth_hash(), "at": time.time()}
        return _code_form(request, "", HTTPStatus.OK)
    return _enter(request, user)


@never_cache
@csrf_protect
@require_http_methods(["GET", "HEAD", "POST"])
def code_page(request: HttpRequest) -> HttpResponse:
    """The second factor of somebody who has just given the password."""
    user = _pending(request)
    if user is None or request.method != "POST":
        return redirect(_with_next(request, reverse("login")))
    if second.blocked(user, request):
        return _code_form(request, _too_many(), HTTPStatus.TOO_MANY_REQUESTS)
    if not second.accepts(user, request.POST.get("code", "")[:20], request):
        problem = _("Der Code stimmt nicht oder war schon verbraucht. Bitte den nächsten abwarten.")
        return _code_form(request, problem, HTTPStatus.UNAUTHORIZED)
    del request.session[PENDING]
    return _enter(request, user)


def _enter(request: HttpRequest, user: User) -> HttpResponse:
    """Everything asked for has been given: on to a seat, or to the administration."""
    auth.login(request, user)
    if request.POST.get("seat"):
        return _take(request, user)
    sits = seats.may_sit(user)
    if not sits and not user.is_staff:
        return _login_form(request, _("Für Sie ist hier kein Arbeitsplatz vorgesehen."), HTTPStatus.FORBIDDEN)
    if user.is_staff and (not sits or _next(request, CONSOLE).startswith(ADMINISTRATION)):
        if not user.totp_secret:
            advice = _("Ihr Konto hat keinen zweiten Faktor. Bitte unter „Passwort ändern“ einrichten.")
            messages.warning(request, advice)
        return redirect(_next(request, ADMINISTRATION))
    return redirect(_with_next(request, reverse("seat")))


@never_cache
@csrf_protect
@require_http_methods(["GET", "HEAD", "POST"])
def seat_page(request: HttpRequest) -> HttpResponse:
    """Choose a seat; who sits there already is shown, and relieved only by an explicit second answer."""
    user = request.user
    if not isinstance(user, User):
        return redirect(_with_next(request, reverse("login")))
    if not seats.may_sit(user):
        return redirect(ADMINISTRATION)
    if request.method == "POST":
        return _take(request, user)
    return _seat_form(request, user)


@never_cache
@csrf_protect
@sensitive_post_parameters()
@require_http_methods(["GET", "HEAD", "POST"])
def password_page(request: HttpRequest) -> HttpResponse:
    """Change one's own password; every other log-in of the same person ends with it."""
    user = request.user
    if not isinstance(user, User):
        return redirect(_with_next(request, reverse("login")))
    form = PasswordChangeForm(user, request.POST or None)
    if request.method == "POST" and form.is_valid():
        services.set_own_password(user, form.cleaned_data["new_password1"])
        auth.update_session_auth_hash(request, User.objects.get(pk=user.pk))
        return redirect(ADMINISTRATION if user.is_staff else CONSOLE)
    return render(request, "accounts/password.html", {"form": form})


@never_cache
@csrf_protect
@sensitive_post_parameters()
@require_http_methods(["GET", "HEAD", "POST"])
def second_factor_page(request: HttpRequest) -> HttpResponse:
    """Set up one's second factor, or remove it; both ask for the password. A lost device is a matter for
    an administrator."""
    user = request.user
    if not isinstance(user, User):
        return redirect(_with_next(request, reverse("login")))
    problem = _change_second_factor(request, user) if request.method == "POST" else ""
    if request.method == "POST" and not problem:
        return redirect("second-factor")
    secret = request.session.setdefault(FRESH_SECRET, second.new_secret())
    context = {
        "problem": problem,
        "has_one": bool(user.totp_secret),
        "secret": " ".join(secret[i : i + 4] for i in range(0, len(secret), 4)),
        "address": second.address(user, secret),
        "back": ADMINISTRATION if user.is_staff else CONSOLE,
    }
    return render(request, "accounts/second_factor.html", context, status=422 if problem else 200)


def _change_second_factor(request: HttpRequest, user: User) -> str:
    """Carry the form out; gives what is wrong with it, or ""."""
    username = user.username
    if failures.too_many(failures.subject(username, request)):
        return _too_many()
    if auth.authenticate(request, username=username, password=request.POST.get("password", "")) != user:
        return _("Das Kennwort stimmt nicht.")
    if user.totp_secret:
        services.set_own_second_factor(user, "")
        return ""
    secret = request.session.get(FRESH_SECRET, "")
    if not secret or second.step_of(secret, request.POST.get("code", "")[:20], time.time()) is None:
        return _("Der Code stimmt nicht. Bitte prüfen Sie Schlüssel und Uhrzeit des Geräts.")
    services.set_own_second_factor(user, secret)
    del request.session[FRESH_SECRET]
    return ""


# Without the check for a form's token: a page that stays open for a shift outlives it, nothing is lost by leaving,
# and no other site's request carries these cookies anyway (SameSite).
@csrf_exempt
@never_cache
@require_POST
def logout_page(request: HttpRequest) -> HttpResponse:
    """Leave the seat and end the log-in."""
    _leave(request)
    auth.logout(request)
    response = redirect("login")
    seats.clear_cookie(response)
    return response


def _take(request: HttpRequest, user: User) -> HttpResponse:
    session = uuid4()
    seat = request.POST.get("seat", "")
    data = {"session": str(session), "seat": seat, "relieve": request.POST.get("relieve") == "1"}
    answer = execute("seat.take", data, command_id=uuid4(), actor=seats.person(user))
    if "refused" in answer:
        return _seat_form(request, user, answer)
    _leave(request)
    centre = answer["result"]["centre"]
    token = seats.SeatToken(session, user.pk, user.name, seat, centre, tuple(sorted(user.roles)), int(time.time()))
    response = HttpResponseRedirect(_next(request, CONSOLE))
    seats.set_cookie(response, token)
    return response


def _leave(request: HttpRequest) -> None:
    """End the session of the seat this browser had until now; that it was ended already does not matter."""
    content = seats.SeatToken.read(seats.token_of_request(request))
    actor = seats.actor_of_request(request)
    if content is not None and actor is not None:
        execute("seat.leave", {"session": str(content.session)}, command_id=uuid4(), actor=actor)


def _pending(request: HttpRequest) -> User | None:
    """Who has given the password in this session, a moment ago, and has the same one still."""
    pending = request.session.get(PENDING) or {}
    if not 0 <= time.time() - pending.get("at", 0) <= PENDING_SECONDS:
        return None
    user = User.objects.filter(pk=pending["user"], active=True).first()
    return user if user is not None and user.get_session_auth_hash() == pending["proof"] else None


def _too_many() -> str:
    return _("Zu viele Fehlversuche. Bitte warten Sie fünf Minuten oder fragen Sie die Schichtführung.")


def _code_form(request: HttpRequest, problem: str, status: HTTPStatus) -> HttpResponse:
    """The form keeps what the first one said about the seat."""
    names = ("seat", "relieve")
    context = {
        "problem": problem,
        "next": _next(request, ""),
        "kept": [(name, request.POST[name]) for name in names if request.POST.get(name)],
    }
    return render(request, "accounts/code.html", context, status=status)


def _login_form(request: HttpRequest, problem: str, status: HTTPStatus) -> HttpResponse:
    context = {
        "problem": problem,
        "username": request.POST.get("username", ""),
        "next": _next(request, ""),
    }
    return render(request, "accounts/login.html", context, status=status)


def _seat_form(request: HttpRequest, user: User, answer: dict[str, Any] | None = None) -> HttpResponse:
    centres = {centre.id: centre.name for centre in Centre.objects.filter(active=True, home=True).order_by("-id")}
    rooms: dict[str, list[seats.SeatView]] = {}
    for seat in seats.occupation(user.centre):
        rooms.setdefault(centres.get(seat.centre, seat.centre), []).append(seat)
    wanted = request.POST.get("seat", "")
    context = {
        "rooms": rooms,
        "wanted": wanted or _first_free(rooms, user),
        "occupied": answer if answer and answer["refused"] == "seat_occupied" else None,
        "problem": answer["reason"] if answer and answer["refused"] != "seat_occupied" else "",
        "next": _next(request, ""),
        "should_secure": user.is_staff and not user.totp_secret,
    }
    return render(request, "accounts/seat.html", context, status=HTTPStatus.CONFLICT if answer else HTTPStatus.OK)


def _first_free(rooms: dict[str, list[seats.SeatView]], user: User) -> str:
    """The seat that is marked to begin with: the own one of before, else the first free one."""
    everyone = [seat for room in rooms.values() for seat in room]
    own = [seat.id for seat in everyone if seat.user == user.pk]
    free = [seat.id for seat in everyone if seat.session is None]
    return (own + free + [""])[0]


def _next(request: HttpRequest, default: str) -> str:
    """Where to go on to: only to a page of this house."""
    target = request.POST.get("next") or request.GET.get("next") or ""
    secure = request.is_secure()
    if target and url_has_allowed_host_and_scheme(target, allowed_hosts={request.get_host()}, require_https=secure):
        return target
    return default


def _with_next(request: HttpRequest, url: str) -> str:
    target = _next(request, "")
    return f"{url}?{urlencode({'next': target})}" if target else url
