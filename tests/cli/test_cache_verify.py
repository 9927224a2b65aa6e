"""`cache verify`, and what damage does to the other commands: nothing that a user would call a crash."""

from __future__ import annotations

import json
import random
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.cli.pipelines import RESULT, document, statuses
from tests.conftest import RunCli


@pytest.fixture
def filled(folder: Path, run_cli: RunCli) -> Path:
    (folder / "big.py").write_text("def make():\n    return b'x' * 500_000\n\nconfig = dict(_target_=make)\n")
    run_cli("run", "conf", "-p")
    run_cli("run", "big", "-p")
    return folder


def _overwrite_index(folder: Path, content: bytes | None) -> None:
    for path in (folder / "cache" / "index").glob("cache.db*"):
        path.unlink()
    if content is not None:
        (folder / "cache" / "index" / "cache.db").write_bytes(content)


def _damage_object(folder: Path) -> None:
    (path,) = (folder / "cache" / "objects").glob("??/*")
    data = bytearray(path.read_bytes())
    data[-100] ^= 1
    path.write_bytes(data)


def test_good_store_has_no_problems(filled: Path, run_cli: RunCli) -> None:
    done = run_cli("cache", "verify")
    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout.startswith("nothing is wrong: ")
    assert " and 1 object, 500." in done.stdout
    found = json.loads(run_cli("cache", "verify", "--json").stdout)
    assert found["ok"] is True
    assert (found["problems"], found["objects"]) == ([], 1)


def test_damage_is_listed_and_mended(filled: Path, run_cli: RunCli) -> None:
    _damage_object(filled)
    done = run_cli("cache", "verify")
    assert (done.returncode, done.stderr) == (1, "")
    head, row, last = done.stdout.splitlines()
    assert head.split() == ["problem", "of", "detail", "mended"]
    assert row.startswith("damaged object  ")
    assert row.endswith("  no")
    assert last.startswith("1 problem, 0 mended; looked at ")
    repaired = run_cli("cache", "verify", "--repair", "--json")
    assert repaired.returncode == 1
    (problem,) = document(repaired)["problems"]
    assert (problem["kind"], problem["mended"]) == ("damaged_object", True)
    assert run_cli("cache", "verify").returncode == 0
    assert statuses(run_cli("run", "big", "-p", "--json"))[""] == "ran"
    assert statuses(run_cli("run", "big", "-p", "--json"))[""] == "hit"


_RUINS: dict[str, bytes | None] = {
    "deleted": None,
    "empty": b"",
    "zeroed": bytes(40_000),
    "random": random.Random(3).randbytes(40_000),
    "garbage": b"garbage " * 5000,
}


@pytest.mark.parametrize("kind", _RUINS)
def test_ruined_index_stops_no_command(filled: Path, run_cli: RunCli, kind: str) -> None:
    def ruin() -> None:
        _overwrite_index(filled, _RUINS[kind])

    ruin()
    again = run_cli("run", "conf", "-p", "--print")
    assert (again.returncode, again.stdout) == (0, f"{RESULT}\n")
    assert "Traceback" not in again.stderr
    ruin()
    found = run_cli("run", "big", "-p", "--json")
    assert statuses(found)[""] == "cutoff", "the object says what it is the result of"
    ruin()
    listed = run_cli("cache", "ls", "--json")
    assert listed.returncode == 0
    assert [entry["target"] for entry in json.loads(listed.stdout)] == ["big.make"]
    ruin()
    assert run_cli("cache", "stats").returncode == 0
    ruin()
    verified = run_cli("cache", "verify", "--json")
    assert verified.returncode == 1
    assert [problem["kind"] for problem in document(verified)["problems"]] == ["damaged_index"]
    assert run_cli("cache", "verify", "--repair").returncode == 1
    assert run_cli("cache", "verify").returncode == 0
    ruin()
    assert run_cli("cache", "gc", "--max-age", "1w", "--yes").returncode == 0
    ruin()
    cleared = run_cli("cache", "clear", "--all", "--yes")
    assert cleared.returncode == 0
    assert cleared.stdout.startswith("deleted ")
    assert statuses(run_cli("run", "conf", "-p", "--json"))[""] == "ran"


@pytest.mark.parametrize(
    "damage", [_damage_object, lambda folder: next((folder / "cache").glob("objects/??/*")).unlink()]
)
def test_damaged_object_is_computed_again_and_the_run_says_so(
    filled: Path, run_cli: RunCli, damage: Callable[[Path], None]
) -> None:
    damage(filled)
    (filled / "user.py").write_text(
        "from big import make\n\ndef size(data):\n    return len(data)\n\n"
        "config = dict(_target_=size, data=dict(_target_=make))\n"
    )
    done = run_cli("run", "user", "-p", "--json")
    assert document(done)["result"] == "500000"
    nodes = {node["path"]: node for node in document(done)["nodes"]}
    assert nodes["data"]["status"] == "ran"
    assert nodes["data"]["reason"]["code"] == "entry_damaged"
    assert done.stderr.count("is computed again") == 1


def test_absent_directory_has_no_problems_and_stays_absent(folder: Path, run_cli: RunCli) -> None:
    done = run_cli("cache", "verify", "--repair", "-c", "nowhere")
    assert (done.returncode, done.stdout) == (0, "nothing is wrong: 0 rows and 0 objects, 0 B\n")
    assert not (folder / "nowhere").exists()
