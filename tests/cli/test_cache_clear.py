"""`cache clear`."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from pathlib import Path

import pytest

from tests.cli.pipelines import calls
from tests.cli.terminals import run_on_terminal
from tests.conftest import RunCli


@pytest.fixture
def filled(folder: Path, run_cli: RunCli) -> Path:
    run_cli("run", "conf", "-p")
    return folder


def targets(run_cli: RunCli) -> list[str]:
    return sorted(entry["target"] for entry in json.loads(run_cli("cache", "ls", "--json").stdout))


def test_all_deletes_everything_so_that_it_is_computed_again(filled: Path, run_cli: RunCli) -> None:
    done = run_cli("cache", "clear", "--all", "--yes")
    assert done.returncode == 0
    assert done.stdout.startswith("deleted 3 entries, ")
    assert targets(run_cli) == []
    run_cli("run", "conf", "-p")
    assert calls(filled) == ["load", "scale", "total"] * 2


def test_space_is_freed_on_disk(project: Callable[[Mapping[str, str]], Path], run_cli: RunCli) -> None:
    folder = project({"big.py": "def make():\n    return b'x' * 5_000_000\n\nconfig = dict(_target_=make)\n"})
    run_cli("run", "big", "-p")
    before = sum(path.stat().st_size for path in (folder / "cache").rglob("*") if path.is_file())
    done = run_cli("cache", "clear", "--target", "big.make", "--yes")
    assert done.stdout == "deleted 1 entry, 5.0 MB; disk space freed: 5.0 MB\n"
    after = sum(path.stat().st_size for path in (folder / "cache").rglob("*") if path.is_file())
    assert before - after >= 5_000_000


def test_a_glob_narrows_what_is_deleted(filled: Path, run_cli: RunCli) -> None:
    run_cli("cache", "clear", "--target", "steps.s*", "--yes")
    assert targets(run_cli) == ["steps.load", "steps.total"]


def test_a_key_prefix_narrows_what_is_deleted(filled: Path, run_cli: RunCli) -> None:
    (entry,) = json.loads(run_cli("cache", "ls", "--json", "--target", "steps.load").stdout)
    run_cli("cache", "clear", "--key", entry["key"][:12], "--yes")
    assert targets(run_cli) == ["steps.scale", "steps.total"]


def test_conditions_narrow_each_other_down(filled: Path, run_cli: RunCli) -> None:
    done = run_cli("cache", "clear", "--target", "steps.*", "--older-than", "7d", "--all", "--yes")
    assert (done.returncode, done.stdout) == (0, "nothing to delete\n")
    run_cli("cache", "clear", "--target", "steps.l*", "--older-than", "0s", "--yes")
    assert targets(run_cli) == ["steps.scale", "steps.total"]


def test_a_dry_run_lists_and_deletes_nothing(filled: Path, run_cli: RunCli) -> None:
    done = run_cli("cache", "clear", "--target", "steps.l*", "--dry-run")
    assert "steps.load" in done.stdout
    assert done.stdout.splitlines()[-1].startswith("would delete 1 entry, ")
    assert len(targets(run_cli)) == 3


def test_without_a_terminal_nothing_is_asked_and_nothing_deleted(filled: Path, run_cli: RunCli) -> None:
    done = run_cli("cache", "clear", "--all", stdin="y\n")
    assert done.returncode == 2
    assert "hint: use --yes to delete without asking" in done.stderr
    assert len(targets(run_cli)) == 3


@pytest.mark.parametrize(("answer", "left"), [(b"y\n", 0), (b"n\n", 3), (b"\n", 3)])
def test_a_terminal_is_asked_and_only_yes_deletes(answer: bytes, left: int, filled: Path, run_cli: RunCli) -> None:
    code, shown = run_on_terminal("cache", "clear", "--all", typed=answer)
    assert code == 0
    assert "delete 3 entries, " in shown
    assert ("nothing was deleted" in shown) == bool(left)
    assert len(targets(run_cli)) == left


def test_control_d_at_the_question_deletes_nothing(filled: Path, run_cli: RunCli) -> None:
    code, _ = run_on_terminal("cache", "clear", "--all", typed=b"\x04")
    assert code == 130
    assert len(targets(run_cli)) == 3


def test_a_directory_that_is_not_there_has_nothing_to_delete(folder: Path, run_cli: RunCli) -> None:
    done = run_cli("cache", "clear", "--all", "--yes", "-c", "nowhere")
    assert (done.returncode, done.stdout) == (0, "nothing to delete\n")
    assert not (folder / "nowhere").exists()


def test_an_answer_that_is_neither_yes_nor_no_is_asked_for_again(filled: Path, run_cli: RunCli) -> None:
    code, shown = run_on_terminal("cache", "clear", "--all", typed=b"perhaps\ny\n")
    assert code == 0
    assert shown.count("delete 3 entries, ") == 2
    assert "please answer y or n" in shown
    assert targets(run_cli) == []


@pytest.mark.parametrize("damage", ["garbage", "cut short"])
def test_all_mends_a_corrupt_index(damage: str, filled: Path, run_cli: RunCli) -> None:
    index = filled / "cache" / "index" / "cache.db"
    whole = index.read_bytes()
    for path in index.parent.glob("cache.db-*"):
        path.unlink()
    index.write_bytes(b"garbage " * 1000 if damage == "garbage" else whole[: len(whole) // 2])
    assert "would delete everything" in run_cli("cache", "clear", "--all", "--dry-run").stdout
    done = run_cli("cache", "clear", "--all", "--yes")
    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout.startswith("deleted everything; disk space freed: ")
    assert run_cli("run", "conf", "-p").returncode == 0
    assert targets(run_cli) == ["steps.load", "steps.scale", "steps.total"]
