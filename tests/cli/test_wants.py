"""No room, no right: a run gives its result all the same, with one warning."""

from __future__ import annotations

import os
import stat
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from tests.conftest import RunCli
from tests.store.test_wants import DROP_PRIVILEGES

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="limits and privileges as Linux has them")
_BIG = "def make(n):\n    return b'x' * n\n\ndef size(data):\n    return len(data)\n\n"
_CONFIG = "config = dict(_target_=size, data=dict(_target_=make, n=500_000))\n"
_RUN = f"""
import sys
{DROP_PRIVILEGES}
import resource
for limit in sys.argv[1].split():
    name, value = limit.split("=")
    resource.setrlimit(getattr(resource, name), (int(value), int(value)))
sys.argv = ["hydra-cached", *sys.argv[2:]]
from hydra_cached.cli import main
main()
"""


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "big.py").write_text(_BIG + _CONFIG)
    (tmp_path / "limited.py").write_text(_RUN)
    return tmp_path


@pytest.fixture
def run(folder: Path) -> Callable[..., subprocess.CompletedProcess[str]]:
    """Runs the command with limits, and with no more rights than the modes of files give."""

    def start(limits: str, *words: str) -> subprocess.CompletedProcess[str]:
        program = [sys.executable, "limited.py", limits, *words]
        return subprocess.run(program, cwd=folder, env=os.environ, capture_output=True, text=True, check=False)

    return start


@pytest.fixture
def locked(folder: Path, run_cli: RunCli) -> Iterator[Path]:
    """A store that is there and may only be read."""
    run_cli("run", "big", "-p")
    directory = folder / "cache"
    paths = [directory, *directory.rglob("*")]
    modes = {path: stat.S_IMODE(path.stat().st_mode) for path in paths}
    for path in paths:
        path.chmod(0o500 if path.is_dir() else 0o400)
    yield directory
    for path, mode in modes.items():
        path.chmod(mode)


@pytest.mark.parametrize("limit", [0, 20_000, 300_000])
def test_full_disk(folder: Path, run: Callable[..., subprocess.CompletedProcess[str]], limit: int) -> None:
    done = run(f"RLIMIT_FSIZE={limit}", "run", "big", "-p", "--print")
    assert (done.returncode, done.stdout) == (0, "500000\n")
    assert done.stderr.count("WARNING") == 1
    assert "results are no longer stored: " in done.stderr
    assert list(folder.glob("cache/objects/??/*")) == []


@pytest.mark.parametrize("limit", [7, 8, 9, 10, 11, 12, 14])
def test_no_file_handles(folder: Path, run: Callable[..., subprocess.CompletedProcess[str]], limit: int) -> None:
    done = run(f"RLIMIT_NOFILE={limit}", "run", "big", "-p", "--print")
    assert (done.returncode, done.stdout) == (0, "500000\n")
    assert done.stderr.count("WARNING") <= 1
    assert list(folder.glob("cache/objects/??/.*")) == []


def test_read_only_directory_gives_what_it_has_without_a_word(
    locked: Path, run: Callable[..., subprocess.CompletedProcess[str]]
) -> None:
    done = run("", "run", "big", "-p", "--print")
    assert (done.returncode, done.stdout) == (0, "500000\n")
    assert "1 hit, 0 cutoff, 0 ran" in done.stderr
    assert "WARNING" not in done.stderr
    listed = run("", "cache", "ls")
    assert (listed.returncode, len(listed.stdout.splitlines())) == (0, 4)
    assert run("", "cache", "verify").returncode == 0


def test_read_only_directory_takes_nothing_with_one_warning(
    locked: Path, run: Callable[..., subprocess.CompletedProcess[str]]
) -> None:
    done = run("", "run", "big", "-p", "--print", "data.n=7")
    assert (done.returncode, done.stdout) == (0, "7\n")
    assert done.stderr.count("WARNING") == 1
    assert "is not writable" in done.stderr
    refused = run("", "cache", "clear", "--all", "--yes")
    assert refused.returncode == 2
    assert "is not writable\nhint: " in refused.stderr
