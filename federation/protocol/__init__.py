"""The protocol of the link between two nodes, without any input or output of its own.

No socket, no database, no clock: messages, ticks and the outcome of earlier effects go in, effects come out, time is
an argument. So the same code runs in the process ``link``, in the simulator and in the tests.

How to drive it::

    session = Session(local, keyring, have, now=now, nonce=os.urandom(32), peer="gera")   # peer=None: we accepted
    do(session.open(now, wall))
    # for ever:
    do(session.receive(json, now))              # a message came
    do(session.tick(now, wall))                 # at session.next_tick, or a little later
    do(session.grown(have, now))                # our journal has more: on EVERY session before doing any of the effects

    Send(message)                               hand it to the carrier (JSON), in order, never dropping one
    Read(origin, incarnation, after, limit)     do(session.read(origin, incarnation, after, rows, now))
    Store(rows)                                 commit; do(session.stored(have, now)), or refused(reason, now) if the
                                                journal says the chain is broken; one at a time per session
    Secured, Up, Signal, Alarm                  tell whom it concerns
    Restored(incarnation, seq)                  begin a new incarnation unless a newer one runs; our lost rows then come
                                                as ``Store`` like any others
    Close(code, reason)                         close the carrier at once and tell it nothing; dial again later

Rules of the carrier: in order, whole messages, up to ``Limits.frame_bytes``. A connection that breaks ends the session:
make a new one; it goes on where the peer's disk ends. Rows of any origin may come from any peer. Two sessions with the
same peer at once do no harm.

What a link says: hello -> proof -> have -> entries, ack, beat, signal, stop, bye. ``hello`` names node, nonce and the
versions spoken; everything else about a node stands in ``have``, which only an authenticated peer gets. ``ack`` speaks
of rows that came by this link; the ``have`` in each beat speaks of everything. ``stop`` lets one stream stand (fork, or
refused by the journal) while the others flow.
"""

from federation.protocol.session import Session
from federation.protocol.values import (
    PROTOCOLS,
    Alarm,
    Close,
    Effect,
    Have,
    Keyring,
    Limits,
    Local,
    Mark,
    Read,
    Restored,
    Row,
    Secured,
    Send,
    Signal,
    Status,
    Store,
    Up,
    flatten,
    nest,
)

__all__ = [
    "PROTOCOLS",
    "Alarm",
    "Close",
    "Effect",
    "Have",
    "Keyring",
    "Limits",
    "Local",
    "Mark",
    "Read",
    "Restored",
    "Row",
    "Secured",
    "Send",
    "Session",
    "Signal",
    "Status",
    "Store",
    "Up",
    "flatten",
    "nest",
]
