"""Checked references of a command: points, counties, keywords, hospitals, centres that exist."""

from typing import Any
from uuid import UUID

from django.db import connection
from django.db.models import Model
from django.utils.translation import gettext as _

from journal.commands import Refused, RefusedInConfidence
from resources.geo import CountyMatch, county_of


def locate(lon: float, lat: float, *, anyway: bool = False) -> CountyMatch | None:
    """The county of a point. Raises Refused ``outside_area`` for a point far from all of ours, unless ``anyway``."""
    match = county_of(lon, lat)
    if match is None and not anyway:
        reason = _("Der Ort liegt außerhalb aller bekannten Landkreise. Bitte prüfen Sie die Koordinate.")
        raise RefusedInConfidence("outside_area", reason, lon=lon, lat=lat)
    return match


def known_keyword(code: str) -> dict[str, Any]:
    """``{"id", "name", "group", "priority"}`` of a keyword in use. Raises Refused ``unknown_keyword``."""
    with connection.cursor() as cursor:
        cursor.execute('SELECT id, name, "group", priority FROM incidents_keyword WHERE id = %s AND active', [code])
        row = cursor.fetchone()
    if row is None:
        raise Refused("unknown_keyword", _("Dieses Stichwort gibt es nicht: %s") % code, keyword=code)
    return dict(zip(("id", "name", "group", "priority"), row, strict=True))


def known_hospital(ident: str) -> str:
    """The name of a hospital in use. Raises Refused ``unknown_hospital``."""
    name = _name("resources_hospital", ident)
    if name is None:
        raise Refused("unknown_hospital", _("Dieses Krankenhaus gibt es nicht: %s") % ident, hospital=ident)
    return name


def known_centre(ident: str) -> str:
    """The name of a centre in use. Raises Refused ``unknown_centre``."""
    name = _name("resources_centre", ident)
    if name is None:
        raise Refused("unknown_centre", _("Diese Leitstelle gibt es nicht: %s") % ident, centre=ident)
    return name


def known_county(ident: str) -> str:
    """The name of a county in use. Raises Refused ``unknown_county``."""
    name = _name("resources_county", ident)
    if name is None:
        raise Refused("unknown_county", _("Diesen Landkreis gibt es nicht: %s") % ident, county=ident)
    return name


def is_taken(model: type[Model], ident: UUID) -> bool:
    """Whether a row has this id already: somebody's command came twice under two ids."""
    with connection.cursor() as cursor:
        cursor.execute(f'SELECT 1 FROM "{model._meta.db_table}" WHERE id = %s', [ident])
        return cursor.fetchone() is not None


def _name(table: str, ident: str) -> str | None:
    with connection.cursor() as cursor:
        cursor.execute(f'SELECT name FROM "{table}" WHERE id = %s AND active', [ident])
        row: tuple[str] | None = cursor.fetchone()
    return row[0] if row else None
