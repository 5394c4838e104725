"""The doors of the crews: what a station is alarmed to, and that it has understood."""

from django.shortcuts import get_object_or_404
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import extend_schema
from rest_framework.request import Request
from rest_framework.response import Response

from incidents.selectors.stations import station_alarms, stations_of
from leitstelle.accounts.roles import RADIO, STATION
from leitstelle.api.door import Door, actor_of, checked, command_id_of, run
from leitstelle.api.schemas import AnswerOut, ReceiptIn


class Receipts(Door):
    """Receipts of alarms."""

    roles = frozenset({STATION, RADIO})

    @extend_schema(request=ReceiptIn, responses=AnswerOut, tags=["alarms"], operation_id="alarm_receipt")
    def post(self, request: Request) -> Response:
        """The alarm of this delivery was understood. Twice is once."""
        receipt = checked(ReceiptIn, request.data)
        data = {"delivery": str(receipt["delivery"])}
        command_id = command_id_of(request, "receipt", data, dated=True)
        return Response(run("incident.receipt", data, command_id, actor_of(request)))


class StationAlarms(Door):
    """What the units of a station are alarmed to, newest first."""

    roles = frozenset({STATION})

    @extend_schema(responses=OpenApiTypes.OBJECT, tags=["alarms"], operation_id="station_alarms")
    def get(self, request: Request, station: str) -> Response:
        get_object_or_404(stations_of(actor_of(request).centre), pk=station)
        return Response({"station": station, "alarms": station_alarms(station)})
