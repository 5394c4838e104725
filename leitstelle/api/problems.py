"""Errors of the API as problem documents (RFC 9457), in the caller's language, never with a traceback."""

import logging
from typing import Any, Final

from django.core.exceptions import PermissionDenied
from django.db import InterfaceError, OperationalError
from django.http import Http404
from django.utils.translation import gettext as _
from django.utils.translation import gettext_noop
from psycopg_pool import PoolTimeout
from rest_framework import status
from rest_framework.exceptions import APIException, ValidationError
from rest_framework.response import Response
from rest_framework.views import exception_handler, set_rollback

from leitstelle.api.content import PROBLEM_TYPE

logger = logging.getLogger(__name__)

RETRY_AFTER_SECONDS: Final = 1
UNREACHABLE: Final = (OperationalError, InterfaceError, PoolTimeout)

# Title per status.
TITLES: Final = {
    400: gettext_noop("Die Anfrage ist nicht lesbar"),
    401: gettext_noop("Anmeldung erforderlich"),
    403: gettext_noop("Keine Berechtigung"),
    404: gettext_noop("Nicht gefunden"),
    405: gettext_noop("Methode nicht erlaubt"),
    406: gettext_noop("Format nicht lieferbar"),
    409: gettext_noop("Abgelehnt"),
    413: gettext_noop("Zu groß"),
    415: gettext_noop("Format wird nicht gelesen"),
    422: gettext_noop("Angaben unvollständig oder falsch"),
    429: gettext_noop("Zu viele Anfragen"),
    500: gettext_noop("Interner Fehler"),
    503: gettext_noop("Vorübergehend nicht möglich"),
}
# Refusals that say more than "the state of things forbids it" (409).
REFUSAL_STATUS: Final = {
    "invalid": 422,
    "outside_area": 422,
    "forbidden": 403,
    "unknown_command": 404,
    "busy": 503,
    "in_doubt": 503,
    "centre_unreachable": 503,
}


class RefusedCommand(APIException):
    """A command was refused; ``answer`` is what ``journal.commands.execute`` gave."""

    def __init__(self, answer: dict[str, Any]) -> None:
        super().__init__(answer["reason"])
        self.answer = answer
        self.status_code = status_of_refusal(answer["refused"])


def status_of_refusal(code: str) -> int:
    """HTTP status of a refusal: unknown things are 404, conflicts with the present state 409."""
    return REFUSAL_STATUS.get(code) or (404 if code.startswith("unknown_") else 409)


def title(number: int) -> str:
    """The kind of problem in a few words, in the caller's language."""
    return _(TITLES.get(number, TITLES[500 if number >= 500 else 400]))


def problem(number: int, code: str, detail: str, **more: Any) -> dict[str, Any]:
    """A problem document. ``code`` is the stable identifier for programs; ``detail`` is for people."""
    return {
        "type": f"urn:leitstelle:problem:{code}",
        "title": title(number),
        "status": number,
        "code": code,
        "detail": detail,
    } | more


def problem_handler(error: Exception, context: dict[str, Any]) -> Response | None:
    """Django REST framework's exception handler. None: not ours, Django's own handlers answer."""
    if isinstance(error, UNREACHABLE):
        logger.warning("the database does not answer: %s", type(error).__name__)
        set_rollback()
        return unavailable()
    response = exception_handler(error, context)
    if response is None:
        return None
    response.content_type = PROBLEM_TYPE
    if isinstance(error, RefusedCommand):
        answer = error.answer
        response.data = problem(error.status_code, answer["refused"], answer["reason"], context=answer["detail"])
    elif isinstance(error, ValidationError):
        response.status_code = status.HTTP_422_UNPROCESSABLE_ENTITY
        reason = _("Die Eingabe ist unvollständig oder falsch.")
        response.data = problem(422, "invalid", reason, fields=list(fields(error.detail)))
    elif isinstance(error, Http404):
        response.data = problem(404, "not_found", _("Das gibt es hier nicht."))
    elif isinstance(error, PermissionDenied):
        response.data = problem(403, "forbidden", _("Dafür fehlt die Berechtigung."))
    elif isinstance(error, APIException):
        code = error.detail.code if hasattr(error.detail, "code") else error.default_code
        response.data = problem(error.status_code, str(code), str(error.detail))
    if response.status_code == status.HTTP_503_SERVICE_UNAVAILABLE:
        response["Retry-After"] = str(RETRY_AFTER_SECONDS)
    return response


def unavailable() -> Response:
    """The database does not answer: nothing was done, the caller may ask again with the same key."""
    reason = _("Die Datenbank antwortet nicht. Bitte mit demselben Idempotency-Key wiederholen.")
    body = problem(503, "unavailable", reason)
    headers = {"Retry-After": str(RETRY_AFTER_SECONDS)}
    return Response(body, status=503, content_type=PROBLEM_TYPE, headers=headers)


def fields(detail: Any, path: str = "") -> "list[dict[str, str]]":
    """Django REST framework's nested error details as a flat list of ``{"field", "problem"}``."""
    if isinstance(detail, dict):
        return [item for name, inner in detail.items() for item in fields(inner, f"{path}.{name}" if path else name)]
    if isinstance(detail, list):
        result = []
        for number, inner in enumerate(detail):
            nested = isinstance(inner, dict | list)
            result += fields(inner, f"{path}.{number}" if nested and path else str(number) if nested else path)
        return result
    return [{"field": path.removesuffix(".non_field_errors"), "problem": str(detail)}]
