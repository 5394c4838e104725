"""The console's page. One page for all panels; what it shows comes by snapshot and socket.

The page and all it is made of (the shell) are the same for everybody, so that a service worker keeps them and a reload
works while the node is gone.
"""

from hashlib import sha256
from pathlib import Path

import orjson
from csp.decorators import csp_update
from django.conf import settings
from django.http import HttpRequest, HttpResponse, HttpResponseBase
from django.shortcuts import redirect, render
from django.templatetags.static import static
from django.views.decorators.http import require_safe

from leitstelle.accounts import roles, seats
from leitstelle.console import crossing

# What the console's page loads, beneath the folder of static files.
SHELL = (
    "console/**/*.js", "console/*.svg", "css/*.css", "vendor/leaflet/leaflet.css", "vendor/leaflet/leaflet-src.esm.js",
    *(f"vendor/lit-html/{name}.js" for name in ("lit-html", "directive", "directive-helpers", "async-directive")),
    *(f"vendor/lit-html/directives/{name}.js" for name in ("repeat", "live", "class-map", "ref")),
)  # fmt: skip
WORKER = "console/worker.js"


@require_safe
def console(request: HttpRequest) -> HttpResponseBase:
    """The whole console, or with ``?panel=map`` one panel (the script sees to that: the page is one and the same).
    Without a seat: to the log-in, and back here after it."""
    actor = seats.actor_of_request(request)
    if actor is None or not actor.roles & roles.CONSOLE:
        return redirect(f"/login/?next={request.path}")
    return csp_update({"connect-src": crossing.sources()})(_page)(request)


def _page(request: HttpRequest) -> HttpResponse:
    return render(request, "console/console.html")


@require_safe
def service_worker(request: HttpRequest) -> HttpResponse:
    """The worker's script with the list of the shell's files before it. Its text changes when one of them does, which
    is how browsers notice a new version."""
    folder = Path(settings.BASE_DIR) / "static"
    names = {path.relative_to(folder).as_posix() for glob in SHELL for path in folder.glob(glob)} - {WORKER}
    shell = orjson.dumps([static(name) for name in sorted(names)]).decode()
    text = (folder / WORKER).read_text()
    mark = sha256(f"{shell}{text}".encode()).hexdigest()[:12]
    script = f'const VERSION = "{mark}";\nconst SHELL = {shell};\n{text}'
    headers = {"Cache-Control": "no-cache", "Service-Worker-Allowed": "/"}
    return HttpResponse(script, content_type="text/javascript; charset=utf-8", headers=headers)
