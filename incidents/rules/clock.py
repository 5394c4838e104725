"""Whose clock counts. Pure."""

from datetime import datetime, timedelta
from typing import Final

# A sender whose clock is off by more is not believed; radio messages are rarely passed on later than that.
MAX_DRIFT: Final = timedelta(minutes=5)


def believed(observed: datetime | None, received: datetime) -> datetime | None:
    """The sender's time if it can be believed: present, within MAX_DRIFT of ours and not in the future; else None,
    and our own time counts. A future within the bound is a clock that is a little fast: ours counts as well."""
    if observed is None or observed > received or received - observed > MAX_DRIFT:
        return None
    return observed


def far_off(observed: datetime, received: datetime) -> bool:
    """Whether a sender's clock is so wrong that a person should know."""
    return abs(observed - received) > MAX_DRIFT
