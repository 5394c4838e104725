"""The nodes of the network: who belongs to it, which node is home of which centre, and how to reach each."""

import threading
import time
from collections.abc import Mapping
from dataclasses import dataclass
from uuid import uuid4

from django.conf import settings
from django.utils.translation import gettext as _

from federation.entries.node import NodeSaved
from federation.identity import public_key
from federation.models import Node
from journal.actor import system
from journal.commands import Command, Refused, command, execute
from journal.record import Transaction

# A node is admitted or dismissed a few times a year; those who route commands ask hundreds of times a second.
CACHE_SECONDS = 1.0


@dataclass(frozen=True, slots=True)
class Peer:
    """Another node: what people call it, where its link is ("" if nobody has told us), the centres it is home of."""

    id: str
    name: str
    link_url: str
    centres: tuple[str, ...]


class _Directory:
    """The table as this process read it last."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._read_at = float("-inf")
        self._peers: Mapping[str, Peer] = {}

    def peers(self) -> Mapping[str, Peer]:
        if time.monotonic() - self._read_at > CACHE_SECONDS:
            peers = read_peers()
            with self._lock:
                self._peers, self._read_at = peers, time.monotonic()
        return self._peers

    def forget(self) -> None:
        self._read_at = float("-inf")


_directory = _Directory()


def read_peers() -> dict[str, Peer]:
    """All other nodes that belong to the network, by name, read now: those of the table, and those of the settings
    that the table does not know. An address in the settings wins: it says how *this* node gets there."""
    peers: dict[str, Peer] = {}
    dismissed = set()
    for row in Node.objects.order_by("id"):
        if row.active:
            peers[row.id] = Peer(row.id, row.name or row.id, row.link_url.rstrip("/"), tuple(row.centres))
        else:
            dismissed.add(row.id)
    for name, url, _key in settings.LEITSTELLE_PEERS:
        if name not in dismissed:
            # Before the first word from a node, by its name: the centre of that name is its own.
            known = peers.get(name) or Peer(name, name, "", (name,))
            peers[name] = Peer(name, known.name, url, known.centres)
    peers.pop(settings.LEITSTELLE_NODE, None)
    return peers


def peers() -> Mapping[str, Peer]:
    """As ``read_peers``, at most a second old."""
    return _directory.peers()


def node_of(centre: str) -> str:
    """The node that is home of ``centre``: this one if it is home of it, else by the table; "" if nobody is."""
    if centre in settings.LEITSTELLE_CENTRES:
        return str(settings.LEITSTELLE_NODE)
    return next((peer.id for peer in peers().values() if centre in peer.centres), "")


class SaveNode(Command):
    """See ``save_node``. The fields are those of the entry."""

    id: str
    name: str
    centres: list[str] = []
    link_url: str = ""
    web_url: str = ""
    sockets_url: str = ""
    public_key: str = ""
    active: bool = True


@command("node.save", roles=frozenset({"administrator"}))
def save_node(tx: Transaction, cmd: SaveNode) -> None:
    """Admit a node to the network, change its addresses or dismiss it. All nodes act on it within seconds."""
    if cmd.id == settings.LEITSTELLE_NODE and not cmd.active:
        raise Refused("own_node", _("Ein Knoten kann sich nicht selbst entlassen."))
    try:
        entry = NodeSaved.model_validate(cmd.model_dump())
    except ValueError:
        raise Refused("invalid", _("Name, Adresse oder Schlüssel des Knotens sind ungültig.")) from None
    tx.record(entry)


def save(**values: object) -> None:
    """Execute ``node.save`` for the one at the command line. Raises Refused."""
    answer = execute("node.save", values, command_id=uuid4(), actor=system("manage"))
    _directory.forget()
    if "refused" in answer:
        raise Refused(answer["refused"], answer["reason"], **answer["detail"])


def announce() -> bool:
    """Tell the network this node's own addresses, centres and key, if what it knows is something else.

    Returns whether there was something to tell. Nothing to tell without a public address: then nobody can come here.
    """
    me, row = settings.LEITSTELLE_NODE, Node.objects.filter(pk=settings.LEITSTELLE_NODE).first()
    if not settings.LEITSTELLE_LINK_URL or (row is not None and not row.active):
        return False
    values: dict[str, object] = {
        "centres": list(settings.LEITSTELLE_CENTRES),
        "link_url": settings.LEITSTELLE_LINK_URL,
        "web_url": settings.LEITSTELLE_URL,
        "sockets_url": settings.LEITSTELLE_SOCKETS_URL,
        "public_key": public_key(),
    }
    if row is not None and all(getattr(row, field) == value for field, value in values.items()):
        return False
    save(id=me, name=row.name if row else me.capitalize(), active=True, **values)
    return True
