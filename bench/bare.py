"""The least a server can do, on the same uvicorn: one statement per write, constant bytes per read, a plain broadcast.

Run as ``uvicorn bench.bare:app`` with ``BENCH_DATABASE`` (URL) and ``BENCH_BODIES`` (folder with recorded answers).
"""

import asyncio
import os
import time
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any

import psycopg

Receive = Callable[[], Awaitable[dict[str, Any]]]
Send = Callable[[dict[str, Any]], Awaitable[None]]

JSON_HEADER = (b"content-type", b"application/json")
# The paths are fixed, so no statement is ever put together from what a client sent.
WRITES = {f"/{name}": f"SELECT bench_{name}()" for name in ("create", "alarm", "status")}

bodies = {f"/{path.name}": path.read_bytes() for path in Path(os.environ["BENCH_BODIES"]).iterdir()}
sockets: "set[asyncio.Queue[str]]" = set()
connections: "list[psycopg.AsyncConnection[Any]]" = []  # one, made with the first write


async def app(scope: dict[str, Any], receive: Receive, send: Send) -> None:
    """The ASGI application."""
    if scope["type"] == "websocket":
        await listen(receive, send)
    elif scope["type"] == "http":
        await answer(scope["path"], receive, send)


async def answer(path: str, receive: Receive, send: Send) -> None:
    """POST to a write runs its statement; POST /broadcast sends the body to all sockets; GET gives the bytes."""
    content = b""
    more = True
    while more:
        message = await receive()
        content += message.get("body", b"")
        more = message.get("more_body", False)
    if path in WRITES:
        body = (await write(WRITES[path])).encode()
    elif path == "/broadcast":
        body = str(time.time()).encode()
        text = content.decode()
        for queue in sockets:
            queue.put_nowait(text)
    else:
        body = bodies[path]
    headers = [JSON_HEADER, (b"content-length", str(len(body)).encode())]
    await send({"type": "http.response.start", "status": 200, "headers": headers})
    await send({"type": "http.response.body", "body": body})


async def write(statement: str) -> str:
    if not connections:
        connections.append(await psycopg.AsyncConnection.connect(os.environ["BENCH_DATABASE"], autocommit=True))
    row = await (await connections[0].execute(statement, prepare=True)).fetchone()
    assert row is not None
    return str(row[0])


async def listen(receive: Receive, send: Send) -> None:
    await receive()
    await send({"type": "websocket.accept"})
    await send({"type": "websocket.send", "text": '{"t":"up-to-date","pos":0}'})
    queue: asyncio.Queue[str] = asyncio.Queue()
    sockets.add(queue)
    sender = asyncio.create_task(_send_all(queue, send))
    while (await receive())["type"] != "websocket.disconnect":
        pass
    sockets.discard(queue)
    sender.cancel()


async def _send_all(queue: "asyncio.Queue[str]", send: Send) -> None:
    while True:
        await send({"type": "websocket.send", "text": await queue.get()})
