"""JSON in and out, bounded and fast."""

from collections.abc import Mapping
from typing import IO, Any

import orjson
from django.conf import settings
from django.utils.translation import gettext as _
from rest_framework import status
from rest_framework.exceptions import APIException, ParseError
from rest_framework.parsers import BaseParser
from rest_framework.renderers import BaseRenderer

PROBLEM_TYPE = "application/problem+json"


class TooLarge(APIException):
    """The body is larger than this server reads."""

    status_code = status.HTTP_413_REQUEST_ENTITY_TOO_LARGE
    default_code = "too_large"


class BoundedJSONParser(BaseParser):
    """Strict JSON (RFC 8259) up to ``DATA_UPLOAD_MAX_MEMORY_SIZE`` bytes.

    The framework's own parser reads a stream of any length; here nothing is read beyond the limit, and the
    decoder bounds the nesting. Raises TooLarge or ParseError.
    """

    media_type = "application/json"

    def parse(
        self,
        stream: IO[bytes],
        media_type: str | None = None,
        parser_context: Mapping[str, Any] | None = None,
    ) -> Any:
        limit = settings.DATA_UPLOAD_MAX_MEMORY_SIZE
        raw = stream.read(limit + 1)
        if len(raw) > limit:
            raise TooLarge(_("Der Inhalt ist zu groß: höchstens %s Byte.") % limit)
        try:
            return orjson.loads(raw)
        except orjson.JSONDecodeError as error:
            raise ParseError(
                _("Das ist kein gültiges JSON (Zeile %(line)s, Spalte %(column)s).")
                % {"line": error.lineno, "column": error.colno}
            ) from None


class JSONRenderer(BaseRenderer):
    """JSON without detours; problems carry a media type of their own (RFC 9457)."""

    media_type = "application/json"
    format = "json"
    charset = None

    def render(
        self,
        data: Any,
        accepted_media_type: str | None = None,
        renderer_context: Mapping[str, Any] | None = None,
    ) -> bytes:
        return b"" if data is None else orjson.dumps(data)
