"""The door of the telephone system: a call rings, is located, is given up."""

from typing import Any
from uuid import UUID

from drf_spectacular.utils import extend_schema
from rest_framework.request import Request
from rest_framework.response import Response

from leitstelle.accounts.roles import TELEPHONY
from leitstelle.api.door import Door, actor_of, checked, command_id_of, named, run
from leitstelle.api.schemas import AnswerOut, CallEventIn

COMMANDS = {"ring": "call.receive", "located": "call.locate", "hangup": "call.lose"}
UNDATED = frozenset({"located"})


class Calls(Door):
    """Events of calls, in the order in which they happen."""

    roles = frozenset({TELEPHONY})

    @extend_schema(request=CallEventIn, responses=AnswerOut, tags=["telephony"], operation_id="telephony_call_event")
    def post(self, request: Request) -> Response:
        """A call rings, was located, or the caller hung up.

        ``call_id`` is the telephone system's own name for the call; ``result.call`` is ours. An event that is
        sent twice acts once.
        """
        event = checked(CallEventIn, request.data)
        actor = actor_of(request)
        call = named(actor, "call", event["call_id"])
        identity = request.data if event["event"] in UNDATED else [event["event"], event["call_id"]]
        command_id = command_id_of(request, "call", identity, dated=True)
        answer = run(COMMANDS[event["event"]], _command(event, call), command_id, actor)
        return Response(answer | {"result": {"call": str(call)} | answer["result"]})


def _command(event: dict[str, Any], call: UUID) -> dict[str, Any]:
    data: dict[str, Any] = {"call": str(call)}
    position = event.get("position")
    if event["event"] == "hangup":
        return data
    if event["event"] == "located":
        source = {"source": event["source"]} if event.get("source") else {}
        return data | {"accuracy_m": None} | dict(event["position"]) | source
    wanted = ("line", "centre", "number", "rang_at")
    data |= {name: event[name] for name in wanted if event.get(name)}
    return data | ({"position": dict(position)} if position else {})
