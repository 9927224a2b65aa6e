"""`cache stats`."""

from __future__ import annotations

import json
from pathlib import Path

from tests.conftest import RunCli


def test_sums_are_told_by_target_and_in_all(folder: Path, run_cli: RunCli) -> None:
    run_cli("run", "conf", "-p")
    run_cli("run", "conf:other", "-p")
    run_cli("run", "conf", "-p")
    head, *rows, total = run_cli("cache", "stats").stdout.splitlines()
    assert head.split() == ["target", "entries", "size", "hits", "saved"]
    assert {row.split()[0]: row.split()[1] for row in rows} == {
        "steps.total": "2",
        "steps.scale": "1",
        "steps.load": "1",
    }
    assert total.startswith("4 entries, ")
    assert " on disk; 2 hits saved " in total


def test_json_has_the_same_as_numbers(folder: Path, run_cli: RunCli) -> None:
    run_cli("run", "conf", "-p")
    run_cli("run", "conf", "-p")
    stats = json.loads(run_cli("cache", "stats", "--json").stdout)
    listed = json.loads(run_cli("cache", "ls", "--json").stdout)
    assert (stats["entries"], stats["hits"], stats["pinned"]) == (3, 1, 0)
    assert stats["size_bytes"] == sum(entry["size_bytes"] for entry in listed)
    assert stats["seconds_saved"] == sum(entry["seconds_saved"] for entry in listed) > 0
    assert stats["disk_bytes"] > stats["size_bytes"]
    assert {each["target"]: each["hits"] for each in stats["targets"]} == {
        "steps.total": 1,
        "steps.scale": 0,
        "steps.load": 0,
    }


def test_a_directory_that_is_not_there_is_empty_and_stays_away(folder: Path, run_cli: RunCli) -> None:
    done = run_cli("cache", "stats", "-c", "nowhere")
    assert done.returncode == 0
    assert done.stdout.splitlines()[-1] == "0 entries, 0 B, 0 B on disk; 0 hits saved 0 s"
    assert json.loads(run_cli("cache", "stats", "-c", "nowhere", "--json").stdout)["entries"] == 0
    assert not (folder / "nowhere").exists()
