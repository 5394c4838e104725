"""One signed request to another node's link process, over a connection that stays open."""

import logging
import os
import time
from functools import lru_cache
from typing import Any, Final

import httpx
import orjson

from federation import identity, nodes, tls

logger = logging.getLogger(__name__)

CONNECT_SECONDS: Final = 0.5
ANSWER_SECONDS: Final = 3.0
# After a request that nobody answered the next ones do not wait as well: threads are few.
REST_SECONDS: Final = 1.0
NO_CONNECTION: Final = (httpx.ConnectError, httpx.ConnectTimeout, httpx.PoolTimeout)
OF_COMMAND: Final = frozenset({"pos", "refused"})
# The connection ended before a word came back: it was idle for too long, or the node was restarted.
STALE: Final = (httpx.RemoteProtocolError, httpx.ReadError, httpx.WriteError)

_rest_until: dict[str, float] = {}


class NotSent(Exception):
    """The request has certainly not been carried out."""


class InDoubt(Exception):
    """The request may have been carried out."""


def post(
    node: str, path: str, value: dict[str, Any], *, keys: frozenset[str] = OF_COMMAND, patient: bool = False
) -> dict[str, Any]:
    """The JSON object, with one of ``keys``, that ``node`` answers to ``value`` at ``path``. The request must bear
    repeating: over a stale connection it is sent twice. ``patient``: ask also a node that has just not answered.

    Raises NotSent (no connection, not admitted), InDoubt (no answer within three seconds, or none that makes sense).
    """
    peer = nodes.peers().get(node)
    if peer is None or not peer.link_url:
        raise NotSent("its address is not known")
    if not patient and time.monotonic() < _rest_until.get(node, 0.0):
        raise NotSent("it did not answer a moment ago")
    url, body = tls.web_address(peer.link_url) + path, orjson.dumps(value)
    client = _client(os.getpid())
    try:
        response = _send(client, node, url, path, body)
    except NO_CONNECTION as error:
        raise NotSent(type(error).__name__) from error
    except STALE:
        response = _send_again(client, node, url, path, body)
    except httpx.HTTPError as error:
        raise _doubt(node, error) from error
    return _answer(response, keys)


def _send_again(client: httpx.Client, node: str, url: str, path: str, body: bytes) -> httpx.Response:
    try:
        return _send(client, node, url, path, body)
    except httpx.HTTPError as error:
        raise _doubt(node, error) from error


def _doubt(node: str, error: httpx.HTTPError) -> InDoubt:
    _rest_until[node] = time.monotonic() + REST_SECONDS
    return InDoubt(type(error).__name__)


def _send(client: httpx.Client, node: str, url: str, path: str, body: bytes) -> httpx.Response:
    """Each try is signed anew: a signature is good for one request."""
    headers = {"Content-Type": "application/json", **identity.sign_request(node, path, body)}
    return client.post(url, content=body, headers=headers)


def _answer(response: httpx.Response, keys: frozenset[str]) -> dict[str, Any]:
    if response.status_code >= 500:
        raise InDoubt(f"status {response.status_code}")
    if response.status_code != httpx.codes.OK:
        raise NotSent(f"status {response.status_code}")
    try:
        answer = orjson.loads(response.content)
    except orjson.JSONDecodeError as error:
        raise InDoubt("no JSON") from error
    if not isinstance(answer, dict) or not answer.keys() & keys:
        raise InDoubt("no answer to the question")
    return answer


@lru_cache(maxsize=1)
def _client(_process: int) -> httpx.Client:
    """One for all threads of a process; a forked process makes its own."""
    timeout = httpx.Timeout(ANSWER_SECONDS, connect=CONNECT_SECONDS, pool=CONNECT_SECONDS)
    limits = httpx.Limits(max_connections=64, max_keepalive_connections=16, keepalive_expiry=30)
    return httpx.Client(timeout=timeout, limits=limits, verify=tls.client_context() or True, trust_env=False)
