"""What every test has: a home of its own, the installed command, and a folder to write a project into."""

from __future__ import annotations

import compileall
import importlib
import os
import signal
import subprocess
import sys
import textwrap
from collections.abc import Callable, Iterable, Iterator, Mapping
from pathlib import Path
from typing import Protocol

import pytest

from hydra_cached import Store

CLEARED = (
    "CLICOLOR",
    "CLICOLOR_FORCE",
    "COLORTERM",
    "COLUMNS",
    "FORCE_COLOR",
    "GITHUB_ACTIONS",  # typer takes it for a terminal
    "HYDRA_CACHED_DIR",
    "HYDRA_CACHED_KEY",
    "HYDRA_FULL_ERROR",
    "LINES",
    "NO_COLOR",
    "PYTHONPATH",
    "PYTHONWARNINGS",
    "PY_COLORS",
)
COMMAND_TIMEOUT_S = 100


class RunCli(Protocol):
    """Runs an installed command and returns what it wrote and its exit code."""

    def __call__(
        self,
        *args: str | Path,
        command: str = "hydra-cached",
        cwd: Path | None = None,
        env: Mapping[str, str] | None = None,
        stdin: str = "",
    ) -> subprocess.CompletedProcess[str]: ...


@pytest.fixture(scope="session", autouse=True)
def interruptible() -> None:
    """Lets Ctrl-C interrupt the tests' processes, also where a shell started the suite in the background."""
    if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
        signal.signal(signal.SIGINT, signal.default_int_handler)


@pytest.fixture(scope="session", autouse=True)
def compiled_package() -> None:
    """Compiles the package once, because tests write no bytecode and start many processes."""
    import hydra_cached

    for folder in hydra_cached.__path__:
        compileall.compile_dir(folder, quiet=2)


@pytest.fixture(autouse=True)
def isolated(tmp_path_factory: pytest.TempPathFactory, monkeypatch: pytest.MonkeyPatch) -> None:
    """Keeps the user's key, cache and colours out of the tests, and the tests' out of the user's home."""
    home = tmp_path_factory.mktemp("home")
    for name in CLEARED:
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("HOME", str(home))
    monkeypatch.setenv("USERPROFILE", str(home))
    monkeypatch.setenv("XDG_CACHE_HOME", str(home / ".cache"))
    monkeypatch.setenv("XDG_CONFIG_HOME", str(home / ".config"))
    monkeypatch.setenv("XDG_DATA_HOME", str(home / ".local" / "share"))
    monkeypatch.setenv("XDG_STATE_HOME", str(home / ".local" / "state"))
    # a module that is edited twice within a second would be imported from its stale bytecode
    monkeypatch.setenv("PYTHONDONTWRITEBYTECODE", "1")
    monkeypatch.setattr(sys, "dont_write_bytecode", True)


@pytest.fixture
def run_cli(tmp_path: Path) -> RunCli:
    """Runs the installed ``hydra-cached`` (or another command beside it) in ``tmp_path`` or a given folder."""

    def run(
        *args: str | Path,
        command: str = "hydra-cached",
        cwd: Path | None = None,
        env: Mapping[str, str] | None = None,
        stdin: str = "",
    ) -> subprocess.CompletedProcess[str]:
        program = Path(sys.executable).parent / command
        if not program.exists():
            pytest.fail(f'{program} is not installed: run "make test", or "pip install -e .[test]"')
        return subprocess.run(
            [str(program), *(str(arg) for arg in args)],
            cwd=tmp_path if cwd is None else cwd,
            env={**os.environ, **(env or {})},
            input=stdin,
            capture_output=True,
            encoding="utf-8",
            timeout=COMMAND_TIMEOUT_S,
            check=False,
        )

    return run


@pytest.fixture
def project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Callable[[Mapping[str, str]], Path]]:
    """Writes modules and other files into ``tmp_path``, which becomes the working directory and importable.

    May be called again to add or change files. What was imported from there is forgotten after the test.
    """
    monkeypatch.chdir(tmp_path)
    monkeypatch.syspath_prepend(str(tmp_path))

    def write(files: Mapping[str, str]) -> Path:
        for name, text in files.items():
            path = tmp_path / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(textwrap.dedent(text).lstrip("\n"), encoding="utf-8")
        importlib.invalidate_caches()
        return tmp_path

    yield write
    # found first, deleted then: a namespace package looks at its parent when it is asked for its path
    found = [name for name, module in list(sys.modules.items()) if _is_below(module, tmp_path)]
    for name in found:
        del sys.modules[name]


@pytest.fixture
def folder(project: Callable[[Mapping[str, str]], Path], request: pytest.FixtureRequest) -> Path:
    """A project whose module ``steps`` is the text STEPS of the test module."""
    return project({"steps.py": request.module.STEPS})


@pytest.fixture
def store(folder: Path) -> Iterator[Store]:
    """A store in that project."""
    with Store(folder / "cache") as opened:
        yield opened


def _is_below(module: object, folder: Path) -> bool:
    path = getattr(module, "__path__", [])
    # some modules answer to any name
    places = [getattr(module, "__file__", None), *(path if isinstance(path, Iterable) else [])]
    return any(place is not None and Path(place).is_relative_to(folder) for place in places)
