"""The use cases of the guide as programs, and an agent and a service that share a memory."""

from __future__ import annotations

import asyncio
import os
import shutil
import subprocess
import sys
from pathlib import Path
from urllib.parse import quote

import pytest

import lgstore

from .places import CONTACT_POINTS, KEYSPACE, emptied

ROOT = Path(__file__).resolve().parents[4]
EXAMPLES = ROOT / "examples" / "python"

PRINTS = {
    "session_management": "logged in: {'user': 123, 'address': '192.0.2.1'}\nlogged out: None\n",
    "distributed_locking": """\
bob, too early: None
bob's token is greater: True
bob writes: True
ada writes: False
ada gives back what she has lost: False
bob gives back: True
""",
    "api_response_caching": """\
{'endpoint': '/sum', 'sum': 3}
{'endpoint': '/sum', 'sum': 3}
{'endpoint': '/sum', 'sum': 3}
the service was asked 2 times
""",
    "rate_limiting": "at once: 5\nafter half a minute: 2\n",
    "langgraph_state_storage": """\
conv_1 {'step': 2}
conv_2 {'step': 1}
LangGraph reads: {'step': 2}
""",
}


@pytest.fixture(params=["file", "cluster"] if CONTACT_POINTS else ["file"])
def shared(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    """A place that several processes may share, as a URL; nothing is there yet."""
    if request.param == "file":
        return f"file:{quote(str(tmp_path / 'shop.db'))}"
    emptied({"contact_points": CONTACT_POINTS.split(","), "keyspace": KEYSPACE})
    return f"scylla://{CONTACT_POINTS}/{KEYSPACE}"


def python(program: str, *arguments: str) -> str:
    """Runs one of the programs; gives what it prints."""
    command = [sys.executable, "-W", "error", str(EXAMPLES / program), *arguments]
    return printed(command)


def printed(command: list[str], **environment: str) -> str:
    ran = subprocess.run(
        command, capture_output=True, text=True, timeout=300, check=False, env={**os.environ, **environment}
    )
    assert ran.returncode == 0, ran.stdout + ran.stderr
    assert ran.stderr == ""
    return ran.stdout


@pytest.mark.parametrize("name", PRINTS)
def test_use_case_in_memory(name: str) -> None:
    if name == "langgraph_state_storage":
        pytest.importorskip("lgstore.langgraph")
    assert python(f"{name}.py") == PRINTS[name]


@pytest.mark.parametrize("name", PRINTS)
def test_use_case_on_what_processes_share(name: str, shared: str) -> None:
    if name == "langgraph_state_storage":
        pytest.importorskip("lgstore.langgraph")
    assert python(f"{name}.py", shared) == PRINTS[name]


def test_each_use_case_has_its_program() -> None:
    assert {file.stem for file in EXAMPLES.glob("*.py")} >= set(PRINTS)


@pytest.fixture(scope="module")
def service(tmp_path_factory: pytest.TempPathFactory) -> str:
    """The service in Go, linked with the library that this package has loaded."""
    go = os.environ.get("GO") or shutil.which("go")
    if go is None:
        pytest.fail("go is missing: install Go 1.24 or newer (https://go.dev/dl)")
    library = Path(lgstore.LIBRARY).resolve().parent
    program = tmp_path_factory.mktemp("service") / "service"
    printed(
        [go, "build", "-C", str(EXAMPLES / "shared_memory" / "service"), "-o", str(program), "."],
        CGO_ENABLED="1",
        GOFLAGS="-tags=lgstore_nopc",
        CGO_CFLAGS=f"-O2 -I{ROOT / 'include'}",
        CGO_LDFLAGS=f"-L{library} -l:{Path(lgstore.LIBRARY).name} -Wl,-rpath,{library}",
    )
    return str(program)


def test_an_agent_and_a_service_share_a_memory(shared: str, service: str) -> None:
    agent = "shared_memory/agent.py"
    assert python(agent, shared, "ada", "any offers?") == "Nothing yet.\n"
    assert python(agent, shared, "ada", "I like tea.") == "I'll remember that you like tea.\n"
    assert printed([service, shared, "ada"]) == "offered: tea\nvisits: 3\n"
    assert python(agent, shared, "ada", "any offers?") == "Today tea is half price. (the Go service)\n"
    assert python(agent, shared, "bob", "any offers?") == "Nothing yet.\n"
    with lgstore.Store(shared) as store:
        offer = store.get(("users", "ada", "offers"), "tea")
        assert offer is not None
        assert offer.expires_at is not None
        assert abs((offer.expires_at - offer.updated_at).total_seconds() - 86_400) <= 2


def test_no_visit_is_lost_when_both_count_at_once(shared: str, service: str) -> None:
    async def visits() -> None:
        agents = (python_later(shared, "ada", *["any offers?"] * 10) for _ in range(2))
        services = (later(service, shared, "ada") for _ in range(4))
        await asyncio.gather(*agents, *services)

    with lgstore.Store(shared) as store:
        store.open()
    asyncio.run(visits())
    with lgstore.Store(shared) as store:
        counted = store.get(("users", "ada"), "visits")
    assert counted is not None
    assert counted.value["count"] == 2 * 10 + 4


async def python_later(*arguments: str) -> None:
    await later(sys.executable, str(EXAMPLES / "shared_memory" / "agent.py"), *arguments)


async def later(*command: str) -> None:
    process = await asyncio.create_subprocess_exec(
        *command, stdout=asyncio.subprocess.DEVNULL, stderr=asyncio.subprocess.PIPE
    )
    _, complaint = await process.communicate()
    assert process.returncode == 0, complaint.decode()
