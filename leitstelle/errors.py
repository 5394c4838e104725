"""What a caller sees when something goes wrong: JSON for programs, a page for people, never a traceback."""

import logging
import sys
from typing import Any

from django.core.exceptions import RequestDataTooBig
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.template import loader
from django.utils import translation
from django.utils.translation import gettext as _

from leitstelle.api.content import PROBLEM_TYPE
from leitstelle.api.problems import RETRY_AFTER_SECONDS, UNREACHABLE, problem, title

logger = logging.getLogger(__name__)

CODES = {
    400: "bad_request",
    403: "forbidden",
    404: "not_found",
    413: "too_large",
    500: "internal",
    503: "unavailable",
}


def bad_request(request: HttpRequest, exception: Exception) -> HttpResponse:
    """400, or 413 for a body that is too large."""
    if isinstance(exception, RequestDataTooBig):
        return answer(request, 413, _("Die Anfrage ist größer, als dieser Server annimmt."))
    return answer(request, 400, _("Der Server kann diese Anfrage nicht lesen."))


def forbidden(request: HttpRequest, exception: Exception) -> HttpResponse:
    return answer(request, 403, str(exception) or _("Dafür fehlt die Berechtigung."))


def csrf_failure(request: HttpRequest, reason: str = "") -> HttpResponse:
    """A form came from a page that was open too long, or from elsewhere."""
    logger.warning("a form without a valid token: %s %s", request.path, reason)
    return answer(request, 403, _("Das Formular ist nicht mehr gültig. Bitte laden Sie die Seite neu."))


def not_found(request: HttpRequest, exception: Exception) -> HttpResponse:
    return answer(request, 404, _("Diese Adresse gibt es hier nicht."))


def server_error(request: HttpRequest) -> HttpResponse:
    """500, or 503 while the database does not answer. Django has logged the exception."""
    if isinstance(sys.exc_info()[1], UNREACHABLE):
        response = answer(request, 503, _("Die Datenbank antwortet gerade nicht. Bitte gleich noch einmal versuchen."))
        response["Retry-After"] = str(RETRY_AFTER_SECONDS)
        return response
    return answer(request, 500, _("Im Server ist ein Fehler aufgetreten. Er wurde aufgezeichnet."))


def answer(request: HttpRequest, number: int, reason: str) -> HttpResponse:
    """The error in the form that fits the caller."""
    code = CODES[number]
    if request.path.startswith("/api/"):
        with translation.override(translation.get_language_from_request(request)):
            document = problem(number, code, reason)
        return JsonResponse(document, status=number, content_type=PROBLEM_TYPE)
    if request.path.startswith("/console/") and not _wants_page(request):
        return JsonResponse({"refused": code, "reason": reason, "detail": {}}, status=number)
    return HttpResponse(_page(number, reason), status=number)


def _wants_page(request: HttpRequest) -> bool:
    return "text/html" in request.headers.get("Accept", "")


def _page(number: int, reason: str) -> str:
    """Without request and context processors: whatever broke must not break the error page too."""
    context: dict[str, Any] = {"status": number, "title": title(number), "reason": reason}
    return loader.render_to_string("error.html", context)
