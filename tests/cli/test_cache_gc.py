"""`cache gc`, `cache pin` and `cache unpin`."""

from __future__ import annotations

import json
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from tests.cli.pipelines import calls, statuses
from tests.cli.terminals import run_on_terminal
from tests.conftest import RunCli


@pytest.fixture
def filled(folder: Path, run_cli: RunCli) -> Path:
    run_cli("run", "conf", "-p")
    return folder


def entries(run_cli: RunCli) -> dict[str, str]:
    """Key by target of what is stored."""
    return {entry["target"]: entry["key"] for entry in json.loads(run_cli("cache", "ls", "--json").stdout)}


def test_size_is_kept_within_its_limit(folder: Path, run_cli: RunCli) -> None:
    (folder / "big.py").write_text(
        "import time\n\ndef make(n):\n    time.sleep(n * 0.02)\n    return bytes([n]) * 1_000_000\n\n"
        "config = {f's{n}': dict(_target_=make, n=n) for n in range(1, 6)}\n"
    )
    run_cli("run", "big", "-p")
    done = run_cli("cache", "gc", "--max-size", "2.5 MB", "--yes")
    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout.startswith("dropped 3 entries; disk space freed: 3.0 MB")
    left = json.loads(run_cli("cache", "ls", "--json").stdout)
    assert sorted(entry["path"] for entry in left) == ["s4", "s5"], "the longest computed per byte stay"
    assert sum(path.stat().st_size for path in (folder / "cache").rglob("*") if path.is_file()) <= 2_500_000


def test_age_drops_what_was_neither_made_nor_found_since(filled: Path, run_cli: RunCli) -> None:
    assert run_cli("cache", "gc", "--max-age", "30d", "--yes").stdout == "dropped 0 entries; disk space freed: 0 B\n"
    run_cli("cache", "gc", "--max-age", "0s", "--yes")
    assert entries(run_cli) == {}


def test_superseded_results_are_dropped_and_the_last_ones_found_again(filled: Path, run_cli: RunCli) -> None:
    run_cli("run", "conf", "-p", "values.by=3")
    assert len(json.loads(run_cli("cache", "ls", "--json").stdout)) == 5
    done = run_cli("cache", "gc", "--unreferenced", "--yes")
    assert done.stdout.startswith("dropped 2 entries; ")
    again = run_cli("run", "conf", "-p", "--json", "values.by=3")
    assert statuses(again)[""] == "hit"


def test_pipeline_that_is_kept_finds_everything_again(filled: Path, run_cli: RunCli) -> None:
    run_cli("run", "conf:other", "-p")
    made = calls(filled)
    done = run_cli("cache", "gc", "--keep-pipeline", "conf:other", "--yes")
    assert done.stdout.startswith("dropped 2 entries; ")
    assert statuses(run_cli("run", "conf:other", "-p", "--json")) == {"": "hit", "values": "skipped"}
    assert calls(filled) == made
    assert set(entries(run_cli)) == {"steps.load", "steps.total"}


def test_several_pipelines_are_kept(filled: Path, run_cli: RunCli) -> None:
    run_cli("run", "conf:other", "-p")
    done = run_cli("cache", "gc", "--keep-pipeline", "conf", "--keep-pipeline", "conf:other", "--yes")
    assert done.stdout.startswith("dropped 0 entries")


def test_results_above_a_call_that_is_not_deterministic_are_kept(folder: Path, run_cli: RunCli) -> None:
    (folder / "now.py").write_text(
        "from steps import load, total\n\n"
        "config = dict(_target_=total, values=dict(_target_=load, n=3, _not_deterministic_=True))\n"
        "other = dict(_target_=total, values=[1])\n"
    )
    run_cli("run", "now", "-p")
    run_cli("run", "now:other", "-p", "+offset=7")
    done = run_cli("cache", "gc", "--keep-pipeline", "now", "--yes")
    assert done.stdout.startswith("dropped 1 entry; ")
    assert statuses(run_cli("run", "now", "-p", "--json"))[""] == "cutoff"


def test_pinned_results_stay_until_they_are_unpinned(filled: Path, run_cli: RunCli) -> None:
    keys = entries(run_cli)
    assert run_cli("cache", "pin", keys["steps.load"][:8], keys["steps.total"]).stdout == "pinned 2 entries\n"
    assert run_cli("cache", "pin", keys["steps.load"]).stdout == "pinned 0 entries\n"
    assert json.loads(run_cli("cache", "show", keys["steps.load"], "--json").stdout)["pinned"] is True
    run_cli("cache", "gc", "--max-size", "0", "--max-age", "0s", "--unreferenced", "--yes")
    assert set(entries(run_cli)) == {"steps.load", "steps.total"}
    kept = run_cli("cache", "clear", "--target", "steps.*", "--yes")
    assert kept.stdout == "nothing to delete; 2 pinned entries kept\n"
    assert run_cli("cache", "unpin", keys["steps.load"][:10]).stdout == "unpinned 1 entry\n"
    run_cli("cache", "clear", "--target", "steps.*", "--yes")
    assert set(entries(run_cli)) == {"steps.total"}
    run_cli("cache", "clear", "--all", "--yes")
    assert entries(run_cli) == {}


def test_one_unknown_key_pins_nothing(filled: Path, run_cli: RunCli) -> None:
    done = run_cli("cache", "pin", entries(run_cli)["steps.load"], "0" * 16)
    assert done.returncode == 2
    assert done.stderr.startswith('error: there is no result "0000000000000000"\nhint: ')
    assert json.loads(run_cli("cache", "stats", "--json").stdout)["pinned"] == 0


def test_dry_run_lists_and_drops_nothing(filled: Path, run_cli: RunCli) -> None:
    done = run_cli("cache", "gc", "--max-age", "0s", "--dry-run")
    assert "steps.scale" in done.stdout
    assert done.stdout.splitlines()[-1].startswith("would drop 3 entries, ")
    assert len(entries(run_cli)) == 3


def test_without_a_terminal_nothing_is_asked_and_nothing_dropped(filled: Path, run_cli: RunCli) -> None:
    done = run_cli("cache", "gc", "--max-age", "0s", stdin="y\n")
    assert done.returncode == 2
    assert "hint: use --yes to delete without asking" in done.stderr
    assert len(entries(run_cli)) == 3


@pytest.mark.parametrize(("answer", "left"), [(b"y\n", 0), (b"n\n", 3)])
def test_terminal_is_asked_and_only_yes_drops(answer: bytes, left: int, filled: Path, run_cli: RunCli) -> None:
    code, shown = run_on_terminal("cache", "gc", "--max-age", "0s", typed=answer)
    assert code == 0
    assert "drop 3 entries, " in shown
    assert len(entries(run_cli)) == left


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ((), "nothing says what to drop"),
        (("--max-size", "many"), 'invalid size "many"'),
        (("--max-size", "-5GB"), 'invalid size "-5GB"'),
        (("--max-age", "5"), 'invalid age "5"'),
        (("--keep-pipeline", "no_such_module"), 'no module "no_such_module"'),
    ],
)
def test_bad_arguments_are_one_line_and_a_hint(
    filled: Path, run_cli: RunCli, arguments: tuple[str, ...], message: str
) -> None:
    done = run_cli("cache", "gc", "--yes", *arguments)
    assert (done.returncode, done.stdout) == (2, "")
    first, second = done.stderr.splitlines()
    assert first.startswith(f"error: {message}")
    assert second.startswith("hint: ")
    assert len(entries(run_cli)) == 3


def test_what_a_killed_run_left_is_reclaimed(folder: Path, run_cli: RunCli) -> None:
    script = (
        "import os, sys, threading\nfrom hydra_cached.store import Store, object_files\n"
        "from tests.store.entries import put\n"
        "def write_half(file, data):\n    file.write(data)\n    print('writing', flush=True)\n    sys.stdin.read()\n"
        "object_files.write_all = write_half\n"
        f"put(Store({str(folder / 'cache')!r}), b'x' * 500_000)\n"
    )
    with subprocess.Popen(
        [sys.executable, "-c", script],
        cwd=Path(__file__).parents[2],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    ) as writer:
        assert writer.stdout is not None
        assert writer.stdout.readline() == "writing\n"
        assert len(list((folder / "cache" / "objects").glob("??/.*"))) == 1
        alive = run_cli("cache", "gc", "--max-age", "1w", "--yes")
        assert alive.stdout == "dropped 0 entries; disk space freed: 0 B\n"
        assert len(list((folder / "cache" / "objects").glob("??/.*"))) == 1
        writer.send_signal(signal.SIGKILL)
    done = run_cli("cache", "gc", "--max-age", "1w", "--yes")
    assert done.stdout.startswith("dropped 0 entries and 1 leftover of writers that died; ")
    assert list((folder / "cache" / "objects").glob("??/.*")) == []
