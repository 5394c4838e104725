"""The catalogue of faults, by the numbers under which the house knows them."""

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial

from chaos import faults_network as network
from chaos import faults_process as process
from chaos.field import Field

Act = Callable[[Field], dict[str, float]]


@dataclass(frozen=True, slots=True)
class Fault:
    """``number``: its place in the catalogue; ``limits``: figures that must not be exceeded."""

    number: int
    name: str
    act: Act
    limits: tuple[tuple[str, float], ...] = ()
    exact: tuple[tuple[str, float], ...] = ()


PROCESSES = ("web", "sockets", "vital", "link", "worker", "beat")

FAULTS: tuple[Fault, ...] = (
    *(Fault(1, f"kill -9 {name}", partial(process.kill_process, name=name)) for name in PROCESSES),
    Fault(2, "kill -9 PostgreSQL", process.kill_postgres, (("seconds_to_ready", 10),)),
    Fault(3, "a whole site dies", process.kill_site, exact=(("taken", 1), ("given_back", 1))),
    Fault(4, "a site is frozen", process.freeze),
    Fault(5, "clean partition", network.partition),
    Fault(6, "one-way partition", network.one_way, (("seconds_to_notice", 5),)),
    Fault(7, "flapping line", network.flapping),
    Fault(8, "a tenth lost", network.lossy),
    Fault(9, "200 ms and one megabit", network.slow_line),
    Fault(11, "half-open connection", network.half_open, (("seconds_to_notice", 5),)),
    Fault(12, "flipped and truncated frames", network.broken_bytes),
    Fault(13, "clock two hours ahead", partial(network.wrong_clock, seconds=7_200)),
    Fault(14, "clock ten minutes behind", partial(network.wrong_clock, seconds=-600)),
    Fault(15, "one unit sent from both sides", network.same_unit_twice,
          (("seconds_to_shown", network.SHOWN_SECONDS + 1), ("still", 1)), (("sent", 2), ("signed", 1))),
    Fault(16, "closed here, raised there", network.closed_and_escalated,
          (("seconds_to_shown", network.SHOWN_SECONDS + 1),), (("open_at_both", 1),)),
    Fault(17, "kill -9 Redis", process.kill_redis),
    Fault(17, "Redis frozen", process.pause_redis),
    Fault(17, "Redis full", process.fill_redis),
    Fault(19, "disk full", process.full_disk),
    Fault(20, "slow disk", process.slow_disk),
    Fault(21, "restored from an old backup", process.restore_backup, exact=(("incarnation", 2),)),
    Fault(22, "replaced by an empty machine", process.empty_machine),
    Fault(23, "the counter is held", process.hold_counter),
    Fault(24, "no connections left", process.exhaust_connections),
    Fault(25, "two hundred consoles at once", network.consoles_at_once, (("seconds_to_all", 5),)),
    Fault(26, "a console that never reads", network.deaf_console),
    Fault(29, "two beats and a hung worker", process.two_beats),
    Fault(30, "a type from the future", network.unknown_type, exact=(("put_aside", 1),)),
    Fault(31, "a poisoned entry", network.poison, exact=(("put_aside", 1),)),
    Fault(32, "both cores taken", process.busy_machine),
    Fault(33, "a dismissed peer", network.dismissed, (("seconds_to_out", 5),)),
    Fault(34, "forgotten while apart", network.forget_while_apart, exact=(("forgotten", 1), ("keys_left", 0))),
)  # fmt: skip
