"""What the generated description of the API cannot find out by itself."""

from typing import Any

from drf_spectacular.extensions import OpenApiAuthenticationExtension

PROBLEMS = {
    "400": "Kein lesbares JSON",
    "401": "Schlüssel fehlt oder ist unbekannt",
    "403": "Schlüssel hier nicht zugelassen",
    "404": "Gibt es nicht",
    "409": "Abgelehnt: der Stand der Dinge lässt es nicht zu",
    "413": "Inhalt zu groß",
    "415": "Nur application/json",
    "422": "Angaben unvollständig oder falsch",
    "429": "Zu viele Anfragen, siehe Retry-After",
    "503": "Vorübergehend nicht möglich, siehe Retry-After",
}
ONLY_WRITES = frozenset({"400", "409", "413", "415"})


class KeyScheme(OpenApiAuthenticationExtension):  # type: ignore[no-untyped-call]
    """``Authorization: Bearer <key>``."""

    target_class = "leitstelle.api.authentication.KeyAuthentication"
    name = "key"

    def get_security_definition(self, auto_schema: Any) -> dict[str, str]:
        return {"type": "http", "scheme": "bearer", "description": "Schlüssel des Programms"}


def add_problems(result: dict[str, Any], generator: Any, request: Any, public: bool) -> dict[str, Any]:
    """Every operation may end in a problem document (RFC 9457); writes take an Idempotency-Key."""
    schemas = result["components"]["schemas"]
    schemas["Problem"] = {
        "type": "object",
        "description": "RFC 9457. code ist stabil; detail ist für Menschen; fields nennt, was falsch ist.",
        "required": ["type", "title", "status", "code", "detail"],
        "properties": {
            "type": {"type": "string", "format": "uri"},
            "title": {"type": "string"},
            "status": {"type": "integer"},
            "code": {"type": "string"},
            "detail": {"type": "string"},
            "fields": {"type": "array", "items": {"type": "object"}},
            "context": {"type": "object"},
        },
    }
    content = {"application/problem+json": {"schema": {"$ref": "#/components/schemas/Problem"}}}
    key = {
        "in": "header",
        "name": "Idempotency-Key",
        "schema": {"type": "string", "maxLength": 200},
        "description": "Dieselbe Kennung wirkt nur einmal und erhält wieder die erste Antwort.",
    }
    for path, operations in result["paths"].items():
        if "/v1/" not in path:
            continue
        for method, operation in operations.items():
            writes = method != "get"
            for number, text in PROBLEMS.items():
                if writes or number not in ONLY_WRITES:
                    operation["responses"][number] = {"description": text, "content": content}
            if writes:
                operation.setdefault("parameters", []).append(key)
    return result
