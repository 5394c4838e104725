"""Simulated time: as fast as wanted."""

import asyncio
from datetime import UTC, datetime, timedelta


class Clock:
    """Runs from ``begin`` (aware), ``speed`` simulated seconds a second. Starts when made."""

    def __init__(self, begin: datetime, speed: float = 1.0) -> None:
        self.begin, self.speed = begin, speed
        self._started = datetime.now(UTC)

    def now(self) -> datetime:
        """The simulated moment."""
        return self.begin + (datetime.now(UTC) - self._started) * self.speed

    async def sleep(self, seconds: float) -> None:
        """Wait simulated seconds."""
        await asyncio.sleep(max(0.0, seconds) / self.speed)

    async def until(self, at: datetime) -> None:
        """Wait for a simulated moment; one that is past is now."""
        await self.sleep((at - self.now()) / timedelta(seconds=1))
