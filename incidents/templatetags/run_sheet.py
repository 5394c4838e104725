"""How times and numbers stand on paper."""

from datetime import datetime

from django import template
from django.utils import timezone

register = template.Library()


def _local(value: str | datetime | None) -> datetime | None:
    if not value:
        return None
    return timezone.localtime(datetime.fromisoformat(value) if isinstance(value, str) else value)


@register.filter
def clock(value: str | datetime | None) -> str:
    """14:05:09, or a dash."""
    local = _local(value)
    return f"{local:%H:%M:%S}" if local else "–"


@register.filter
def when(value: str | datetime | None) -> str:
    """22.11.2026 14:05:09, or a dash."""
    local = _local(value)
    return f"{local:%d.%m.%Y %H:%M:%S}" if local else "–"


@register.filter
def unlocal(value: float) -> str:
    """Coordinates keep their point: a comma would separate latitude from longitude."""
    return f"{value:.6f}"
