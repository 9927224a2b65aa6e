"""Durability: what is acknowledged outlives its process, and where that is asked for the power too."""

from __future__ import annotations

import os
import re
import shutil
import signal
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from hydra_cached.store import Store
from tests.store.entries import key_of, put

_ROOT = Path(__file__).parents[2]
_LARGE = b"large value " * 20_000
_HUGE = b"huge value " * 600_000
"""Written in the background while it is digested."""


@pytest.mark.parametrize("expression", ["'small'", "b'large' * 50_000", "b'huge' * 2_000_000"])
def test_put_result_outlives_its_process(tmp_path: Path, expression: str) -> None:
    script = """
import os, signal, sys
from hydra_cached.store import Store
from tests.store.entries import put
put(Store(sys.argv[1]), eval(sys.argv[2]))
os.kill(os.getpid(), signal.SIGKILL)
"""
    run = subprocess.run([sys.executable, "-c", script, str(tmp_path / "cache"), expression], cwd=_ROOT, check=False)
    assert run.returncode == -signal.SIGKILL
    with Store(tmp_path / "cache") as store:
        entry = store.get(key_of(1))
        assert entry is not None
        assert store.load(entry) == eval(expression)


@pytest.mark.parametrize("value", [_LARGE, _HUGE], ids=["large", "huge"])
def test_object_is_synced_before_it_gets_its_name_and_its_folders_before_the_entry(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, value: bytes
) -> None:
    steps: list[str] = []
    fsync, replace = os.fsync, os.replace

    def name(handle: int) -> str:
        path = os.readlink(f"/proc/self/fd/{handle}")
        return "object" if path.endswith(".tmp") else Path(path).name if "objects" in path else "other"

    def traced_fsync(handle: int) -> None:
        steps.append(f"sync {name(handle)}")
        fsync(handle)

    def traced_replace(source: Any, target: Any) -> None:
        steps.append(f"rename to {Path(target).parent.name}")
        replace(source, target)

    if not Path("/proc/self/fd").exists():
        pytest.skip("needs /proc")
    with Store(tmp_path / "cache", durable=True) as store:
        put(store, "before", 9)
        rows = store.rows()
        assert rows is not None
        rows.index._connect().set_trace_callback(lambda text: steps.append(text) if text == "COMMIT" else None)
        monkeypatch.setattr(os, "fsync", traced_fsync)
        monkeypatch.setattr(os, "replace", traced_replace)
        put(store, value)
        monkeypatch.undo()
        (folder,) = (path.parent.name for path in (tmp_path / "cache").glob("objects/??/*"))
        assert steps == ["sync object", f"rename to {folder}", f"sync {folder}", "sync objects", "COMMIT"]
        assert rows.index.scan("PRAGMA synchronous") == [(2,)]


def test_without_being_asked_nothing_is_synced(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    synced: list[int] = []
    monkeypatch.setattr(os, "fsync", synced.append)
    with Store(tmp_path / "cache") as store:
        put(store, _LARGE)
        rows = store.rows()
        assert rows is not None
        assert rows.index.scan("PRAGMA synchronous") == [(1,)]
    assert synced == []


def test_kernel_is_asked_in_that_order(tmp_path: Path) -> None:
    strace = shutil.which("strace")
    if strace is None:
        pytest.skip("needs strace")
    script = "import sys\nfrom hydra_cached.store import Store\nfrom tests.store.entries import put\n"
    script += f"with Store(sys.argv[1], durable=True) as store:\n    put(store, {_LARGE[:12]!r} * 20_000)\n"
    calls = "trace=fsync,fdatasync,rename,renameat,renameat2"
    program = [strace, "-f", "-y", "-e", calls, "-o", str(tmp_path / "trace")]
    run = subprocess.run(
        [*program, sys.executable, "-c", script, str(tmp_path / "cache")], cwd=_ROOT, capture_output=True, check=False
    )
    if run.returncode and b"ptrace" in run.stderr.lower():
        pytest.skip("tracing is not allowed here")
    assert run.returncode == 0, run.stderr
    steps = [line for line in (tmp_path / "trace").read_text().splitlines() if str(tmp_path / "cache") in line]

    def at(pattern: str) -> list[int]:
        return [number for number, step in enumerate(steps) if re.search(pattern, step)]

    order = [
        at(r"sync\(\d+<.*/objects/../\..*\.tmp>")[0],
        at(r"rename.*objects/../\..*\.tmp.*objects/../[0-9a-f]{64}")[0],
        at(r"sync\(\d+<[^>]*/objects/..>")[0],
        at(r"sync\(\d+<[^>]*/objects>")[0],
        at(r"sync\(\d+<[^>]*/cache\.db-wal>")[-1],
    ]
    assert order == sorted(order), "\n".join(steps)


def test_directory_itself_is_on_the_disk_before_anything_is_in_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    if not Path("/proc/self/fd").exists():
        pytest.skip("needs /proc")
    synced: list[str] = []
    fsync = os.fsync

    def traced_fsync(handle: int) -> None:
        synced.append(os.readlink(f"/proc/self/fd/{handle}"))
        fsync(handle)

    monkeypatch.setattr(os, "fsync", traced_fsync)
    Store(tmp_path / "cache", durable=True).close()
    names = [Path(path).name for path in synced]
    assert names[0].startswith(".store.json.")
    assert names[1:] == ["cache", tmp_path.name]
