"""What may never be in the repository, and what must be: guards over all tracked files."""

from __future__ import annotations

import json
import re
import subprocess
from pathlib import Path

import pytest

from ops.places import ROOT

LOCKS = ("requirements.txt", "requirements-dev.txt", "requirements-node.txt")

# Written apart, so that this file does not name what it forbids.
REGISTRY_HOSTS = tuple(
    ".".join(parts)
    for parts in (
        ("pypi", "org"),
        ("files", "pythonhosted", "org"),
        ("registry", "npmjs", "org"),
        ("registry", "yarnpkg", "com"),
        ("deb", "debian", "org"),
        ("unpkg", "com"),
        ("cdn", "jsdelivr", "net"),
        ("cdnjs", "cloudflare", "com"),
    )
)
MACHINE_PATHS = re.compile(r"(?<![\w.<$/-])/(?:work|root|home)/\w")
INSTALLED_NAMES = re.compile(r"(^|/)(node_modules|\.venv|static/vendor|__pycache__)/|\.min\.js$")


def tracked_files() -> list[Path]:
    listed = subprocess.run(["git", "ls-files", "-z"], cwd=ROOT, capture_output=True, text=True, check=True).stdout
    return [ROOT / name for name in listed.split("\0") if name and (ROOT / name).is_file()]


def texts() -> list[tuple[Path, str]]:
    return [(path, path.read_text("utf-8", "ignore")) for path in tracked_files()]


def test_no_file_names_the_host_of_a_registry() -> None:
    found = [f"{path.relative_to(ROOT)}: {host}" for path, text in texts() for host in REGISTRY_HOSTS if host in text]
    assert not found


def test_no_file_holds_a_path_of_a_makers_machine() -> None:
    found = [
        f"{path.relative_to(ROOT)}: {match.group()}"
        for path, text in texts()
        if path != Path(__file__)
        for match in MACHINE_PATHS.finditer(text)
    ]
    assert not found


def test_installed_code_is_not_committed() -> None:
    names = [str(path.relative_to(ROOT)) for path in tracked_files()]
    assert not [name for name in names if INSTALLED_NAMES.search(name)]


@pytest.mark.parametrize("name", LOCKS)
def test_every_python_package_is_pinned_and_hashed(name: str) -> None:
    text = (ROOT / name).read_text()
    entries = [entry for entry in re.split(r"\n(?=\S)", text.replace("\\\n", " ").strip()) if entry]
    assert entries
    for entry in entries:
        assert re.match(r"[a-zA-Z0-9._-]+(\[[\w,-]+\])?==\S+", entry), entry[:60]
        assert "--hash=sha256:" in entry, entry[:60]
        assert "://" not in entry, entry[:60]


def test_both_lock_files_agree_on_every_package() -> None:
    def pins(name: str) -> dict[str, str]:
        return dict(re.findall(r"^([\w.-]+)==(\S+)", (ROOT / name).read_text(), re.MULTILINE))

    run, tests = pins("requirements.txt"), pins("requirements-dev.txt")
    shared = run.keys() & tests.keys()
    assert {name: run[name] for name in shared} == {name: tests[name] for name in shared}


def test_every_browser_library_is_pinned_and_hashed_without_an_address() -> None:
    wanted = json.loads((ROOT / "package.json").read_text())
    for name, version in {**wanted["dependencies"], **wanted["devDependencies"]}.items():
        assert re.fullmatch(r"\d+\.\d+\.\d+", version), f"{name} {version}"
    packages = json.loads((ROOT / "package-lock.json").read_text())["packages"]
    for name, package in packages.items():
        assert "resolved" not in package, name
        assert name == "" or package["integrity"].startswith("sha512-"), name


def test_help_lists_every_command_a_person_may_type() -> None:
    source = (ROOT / "Makefile").read_text()
    targets = set(re.findall(r"^\.PHONY: (\S+)", source, re.MULTILINE)) - {"python"}
    shown = subprocess.run(["make", "-s", "help"], cwd=ROOT, capture_output=True, text=True, check=True).stdout
    assert set(re.findall(r"^  make (\S+) ", shown, re.MULTILINE)) == targets
    assert {"demo", "stop", "reset", "test", "check", "bench", "help"} <= targets
    for line in shown.splitlines()[1:]:
        assert len(line.split()) > 4, f"no explanation: {line}"
