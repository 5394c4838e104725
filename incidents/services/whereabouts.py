"""Checked references of a command: points, counties, keywords, hospitals, centres that exist."""

from typing import Any

from django.db import connection
from django.utils.translation import gettext as _

from journal.commands import Refused
from resources.geo import CountyMatch, county_of
from resources.models import Centre, County, Hospital


def locate(lon: float, lat: float, *, anyway: bool = False) -> CountyMatch | None:
    """The county of a point. Raises Refused ``outside_area`` for a point far from all of ours, unless ``anyway``."""
    match = county_of(lon, lat)
    if match is None and not anyway:
        reason = _("Der Ort liegt außerhalb aller bekannten Landkreise. Bitte prüfen Sie die Koordinate.")
        raise Refused("outside_area", reason, lon=lon, lat=lat)
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
    name: str | None = Hospital.objects.filter(pk=ident, active=True).values_list("name", flat=True).first()
    if name is None:
        raise Refused("unknown_hospital", _("Dieses Krankenhaus gibt es nicht: %s") % ident, hospital=ident)
    return name


def known_centre(ident: str) -> str:
    """The name of a centre in use. Raises Refused ``unknown_centre``."""
    name: str | None = Centre.objects.filter(pk=ident, active=True).values_list("name", flat=True).first()
    if name is None:
        raise Refused("unknown_centre", _("Diese Leitstelle gibt es nicht: %s") % ident, centre=ident)
    return name


def known_county(ident: str) -> str:
    """The name of a county. Raises Refused ``unknown_county``."""
    name: str | None = County.objects.filter(pk=ident).values_list("name", flat=True).first()
    if name is None:
        raise Refused("unknown_county", _("Diesen Landkreis gibt es nicht: %s") % ident, county=ident)
    return name
