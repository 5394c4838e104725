"""How far two clocks are apart, from the beats (NTP's on-wire protocol and clock filter, RFC 5905 sections 8, 10)."""

from collections import deque

SAMPLES = 8
BEATS = 16


class ClockWatch:
    """Offset and round trip from (sent, received, sent back, received back); the quickest of the last eight counts."""

    def __init__(self) -> None:
        self._sent: deque[float] = deque(maxlen=BEATS)
        self._samples: deque[tuple[float, float]] = deque(maxlen=SAMPLES)
        self._heard: tuple[float, float] | None = None

    @property
    def echo(self) -> tuple[float, float] | None:
        """What our next beat gives back: the peer's newest time and when it reached us."""
        return self._heard

    @property
    def offset(self) -> float | None:
        """Seconds the peer's clock is ahead of ours."""
        return min(self._samples)[1] if self._samples else None

    @property
    def rough_offset(self) -> float | None:
        """The same after a single beat: too little by the time that beat was under way."""
        if self._samples or self._heard is None:
            return self.offset
        return self._heard[0] - self._heard[1]

    @property
    def rtt(self) -> float | None:
        """Seconds a beat is under way there and back."""
        return min(self._samples)[0] if self._samples else None

    def sent(self, time: float) -> None:
        """Our beat left at this wall time."""
        self._sent.append(time)

    def heard(self, time: float, echo: tuple[float, float] | None, at: float) -> None:
        """Their beat of ``time`` came at our wall time ``at``, giving back one of ours."""
        self._heard = time, at
        if echo is None or echo[0] not in self._sent:
            return
        rtt = (at - echo[0]) - (time - echo[1])
        # A step of either clock in between makes nonsense of the sample.
        if rtt >= 0:
            self._samples.append((rtt, ((echo[1] - echo[0]) + (time - at)) / 2))
