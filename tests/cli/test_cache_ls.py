"""`cache ls`."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from tests.conftest import RunCli


@pytest.fixture
def filled(folder: Path, run_cli: RunCli) -> Path:
    run_cli("run", "conf", "-p")
    return folder


def test_entries_are_listed_newest_first_with_totals(filled: Path, run_cli: RunCli) -> None:
    head, *rows, total = run_cli("cache", "ls").stdout.splitlines()
    assert head.split() == ["key", "target", "size", "seconds", "age", "saved"]
    assert [row.split()[1] for row in rows] == ["steps.total", "steps.scale", "steps.load"]
    assert all(len(row.split()[0]) == 12 for row in rows)
    assert total.startswith("3 entries, ")


def test_json_has_whole_keys_and_counts_hits(filled: Path, run_cli: RunCli) -> None:
    run_cli("run", "conf", "-p")
    listed = {entry["target"]: entry for entry in json.loads(run_cli("cache", "ls", "--json").stdout)}
    assert listed["steps.total"]["hits"] == 1
    assert listed["steps.load"]["hits"] == 0
    assert listed["steps.load"]["path"] == "values.values"
    assert len(listed["steps.load"]["key"]) == 64


def test_a_glob_and_a_limit_narrow_the_list(filled: Path, run_cli: RunCli) -> None:
    assert [entry["target"] for entry in json.loads(run_cli("cache", "ls", "--json", "--target", "*.l*").stdout)] == [
        "steps.load"
    ]
    limited = run_cli("cache", "ls", "--limit", "1").stdout.splitlines()
    assert limited[1].split()[1] == "steps.total"
    assert limited[2].endswith("shown are the newest 1")


def test_a_directory_that_is_not_there_is_empty_and_stays_away(folder: Path, run_cli: RunCli) -> None:
    done = run_cli("cache", "ls", "-c", "nowhere")
    assert (done.returncode, done.stdout) == (0, 'no results in "nowhere"\n')
    assert run_cli("cache", "ls", "-c", "nowhere", "--json").stdout == "[]\n"
    assert not (folder / "nowhere").exists()
