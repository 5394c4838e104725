"""The description of the API is the API: committed, current, valid, and readable without the internet."""

import re
from pathlib import Path
from typing import Any

import jsonschema  # type: ignore[import-untyped]
import pytest
import yaml
from drf_spectacular.generators import SchemaGenerator

from ops.places import ROOT
from tests.api.conftest import Doors
from tests.people import Dispatcher, free_units

COMMITTED = ROOT / "docs" / "openapi.yaml"


@pytest.fixture(scope="module")
def committed() -> dict[str, Any]:
    value: dict[str, Any] = yaml.safe_load(COMMITTED.read_text())
    return value


def test_the_committed_description_is_current(committed: dict[str, Any]) -> None:
    now = SchemaGenerator().get_schema(request=None, public=True)  # type: ignore[no-untyped-call]
    assert committed == now, "run: manage.py spectacular --file docs/openapi.yaml --validate --fail-on-warn"


def test_every_operation_says_how_it_fails(committed: dict[str, Any]) -> None:
    for path, operations in committed["paths"].items():
        for method, operation in operations.items():
            if "/v1/" in path:
                wanted = {"401", "403", "404", "429", "503"} | (
                    {"400", "409", "413", "422"} if method != "get" else set()
                )
                assert wanted <= set(operation["responses"]), (method, path)
                assert operation["security"] == [{"key": []}], (method, path)


def resolve(schema: Any, root: dict[str, Any]) -> Any:
    """The schema with its references, as one that jsonschema can check by itself."""
    return {"components": root["components"]} | schema


@pytest.mark.parametrize("path", ["/api/v1/incidents", "/api/v1/units", "/api/v1/counties", "/api/v1/hospitals"])
def test_answers_are_as_described(doors: Doors, dispatcher: Dispatcher, committed: dict[str, Any], path: str) -> None:
    dispatcher.open_incident()
    answer = doors["partner"].get(path).json()
    content = committed["paths"][path]["get"]["responses"]["200"]["content"]["application/json"]
    assert answer
    jsonschema.validate(answer, resolve(content["schema"], committed))


def test_writes_answer_as_described(doors: Doors, dispatcher: Dispatcher, committed: dict[str, Any]) -> None:
    picture = dispatcher.snapshot()
    issi = picture["master"]["units"][free_units(picture, "RTW")[0]]["issi"]
    path = "/api/v1/radio/status"
    responses = committed["paths"][path]["post"]["responses"]
    good = doors["radio"].post(path, json={"issi": issi, "status": 2})
    bad = doors["radio"].post(path, json={"issi": issi, "status": 99})
    for answer in (good, bad):
        kind = answer.headers["content-type"]
        schema = responses[str(answer.status_code)]["content"][kind]["schema"]
        jsonschema.validate(answer.json(), resolve(schema, committed))


def test_the_documentation_loads_nothing_from_elsewhere(doors: Doors) -> None:
    page = doors[""].get("/api/docs/")
    assert page.status_code == 200
    sources = re.findall(r'(?:src|href)="([^"]+)"', page.text)
    assert any(source.endswith(".js") or "script" in source for source in sources)
    for source in sources:
        assert not re.match(r"(https?:)?//", source), source
        if not source.startswith("data:"):
            assert doors[""].get(f"/api/docs/{source}" if source.startswith("?") else source).status_code == 200
    assert "<script>" not in page.text, "the content policy forbids inline scripts"


def test_nothing_written_names_a_foreign_host() -> None:
    text = Path(COMMITTED).read_text()
    assert not re.search(r"https?://(?!localhost|127\.0\.0\.1)", text)
