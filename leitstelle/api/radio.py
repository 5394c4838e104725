"""The door of the radio gateways: status messages and positions."""

from datetime import datetime
from typing import Any

from django.utils.translation import gettext as _
from drf_spectacular.utils import extend_schema
from rest_framework.exceptions import ValidationError
from rest_framework.request import Request
from rest_framework.response import Response

from leitstelle.accounts.roles import RADIO
from leitstelle.api.door import Door, actor_of, checked, command_id_of, run
from leitstelle.api.problems import RefusedCommand, fields
from leitstelle.api.schemas import AnswerOut, BatchAnswerOut, PositionIn, PositionsOut, StatusIn
from resources.services import report_positions

MAX_BATCH = 500


class Status(Door):
    """One status message."""

    roles = frozenset({RADIO})

    @extend_schema(request=StatusIn, responses=AnswerOut, tags=["radio"], operation_id="radio_status")
    def post(self, request: Request) -> Response:
        """A unit sent a status.

        A sender that nobody knows is kept for a person to look at: ``result.unknown`` is then true. Two equal
        messages with the same ``observed_at`` are one.
        """
        return Response(report(request, request.data))


class StatusBatch(Door):
    """Status messages that a gateway had to keep, oldest first."""

    roles = frozenset({RADIO})

    @extend_schema(
        request=StatusIn(many=True),
        responses=BatchAnswerOut,
        tags=["radio"],
        operation_id="radio_status_batch",
    )
    def post(self, request: Request) -> Response:
        """Up to 500 messages; each is answered for itself, a wrong one stops no other."""
        return Response({"answers": [_answer(request, *item) for item in enumerate(_batch(request))]})


class Positions(Door):
    """Where units are."""

    roles = frozenset({RADIO})

    @extend_schema(
        request=PositionIn(many=True), responses=PositionsOut, tags=["radio"], operation_id="positions_report"
    )
    def post(self, request: Request) -> Response:
        """Up to 500 positions; per unit the newest wins. Positions never stand in the journal."""
        good: list[dict[str, Any]] = []
        invalid: list[dict[str, Any]] = []
        for number, message in enumerate(_batch(request)):
            try:
                good.append(dict(checked(PositionIn, message)))
            except ValidationError as error:
                invalid.append({"number": number, "fields": fields(error.detail)})
        stored, unknown = report_positions(good) if good else (0, [])
        return Response({"stored": stored, "unknown": unknown, "invalid": invalid})


def report(request: Request, message: Any, number: int | None = None) -> dict[str, Any]:
    """Carry out one status message (``number``: in a batch). Raises ValidationError or RefusedCommand."""
    status = checked(StatusIn, message)
    dated = status.get("observed_at") is not None
    command_id = command_id_of(request, "status", message, dated=dated, number=number)
    data = {name: _plain(value) for name, value in status.items() if value is not None} | {"source": "radio"}
    return run("unit.report_status", data, command_id, actor_of(request))


def _answer(request: Request, number: int, message: Any) -> dict[str, Any]:
    try:
        return report(request, message, number)
    except RefusedCommand as refusal:
        return refusal.answer
    except ValidationError as error:
        reason = _("Die Eingabe ist unvollständig oder falsch.")
        return {"refused": "invalid", "reason": reason, "detail": {"fields": fields(error.detail)}}


def _batch(request: Request) -> list[Any]:
    if not isinstance(request.data, list) or not 1 <= len(request.data) <= MAX_BATCH:
        raise ValidationError([_("Erwartet wird eine Liste von 1 bis %s Meldungen.") % MAX_BATCH])
    return request.data


def _plain(value: Any) -> Any:
    return value.isoformat() if isinstance(value, datetime) else value
