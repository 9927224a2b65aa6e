"""The floors of the package: a room imports only from floors below it, and other packages only where they belong."""

from __future__ import annotations

import ast
import subprocess
import sys
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path

import pytest

import hydra_cached

PACKAGE = "hydra_cached"
ROOT = Path(next(iter(hydra_cached.__path__)))
MAX_LINES = 400

# the room "" is the package's own __init__, which re-exports what api wires together
FLOORS = {
    "errors": 0,
    "events": 0,
    "config": 1,
    "targets": 1,
    "fingerprint": 1,
    "graph": 2,
    "store": 2,
    "keys": 3,
    "planning": 4,
    "execution": 5,
    "history": 5,
    "api": 6,
    "": 6.5,
    "render": 7,
    "cli": 8,
    "faces": 8,
    "plugin": 8,
    "examples": 9,
}
# old import paths; they lie in execution/ and are no part of it
FACES = ("execution.hydra", "execution.hydra_utils", "execution.caching")
# a room, or the beginning of the names of the modules inside one
THIRD_PARTY = {
    "blake3": {"fingerprint", "store", "keys"},
    "cloudpickle": {"execution"},
    "dask": {"execution.dask"},
    "diskcache": {"store"},
    "distributed": {"execution.dask"},
    "hydra": {"config", "graph", "targets", "plugin", "examples.curve_app"},
    "loky": {"execution"},
    "numpy": {"fingerprint", "store.serializers_numpy"},
    "omegaconf": {"config", "graph", "targets", "fingerprint", "store"},
    "pandas": {"fingerprint"},
    "polars": {"store.serializers_polars"},
    "psutil": {"execution.dask"},
    "pyarrow": {"store.serializers_arrow"},
    "rich": {"render"},
    "torch": {"store.serializers_torch"},
    "tblib": {"execution"},
    "typer": {"cli"},
    "yaml": {"config", "render"},
}


def room_of(module: str) -> str:
    """The room of a module of the package, e.g. "store" for "hydra_cached.store.entry"."""
    inside = module.removeprefix(PACKAGE).lstrip(".")
    if any(inside == face or inside.startswith(f"{face}.") for face in FACES):
        return "faces"
    return {"__main__": "cli"}.get(inside, inside.partition(".")[0])


def find_violations(root: Path) -> list[str]:
    """One line for each import in the tree that the floors forbid; ``root`` is the folder of the package."""
    modules = {_module_name(path, root): path for path in sorted(root.rglob("*.py"))}
    found = []
    for module, path in modules.items():
        room = room_of(module)
        if room not in FLOORS:
            found.append(f"{module}: is in no room of the table")
            continue
        for line, name in _imports(module, path, modules):
            if problem := _judge(module, room, name):
                found.append(f"{module}:{line}: {problem}")
    return found


def _module_name(path: Path, root: Path) -> str:
    parts = path.relative_to(root).with_suffix("").parts
    return ".".join([PACKAGE, *(parts[:-1] if parts[-1] == "__init__" else parts)])


def _imports(module: str, path: Path, modules: Mapping[str, Path]) -> Iterator[tuple[int, str]]:
    """Every module that is imported: at the top, inside functions, for types only, and by a name given as a string."""
    package = module if path.name == "__init__.py" else module.rpartition(".")[0]
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            yield from ((node.lineno, alias.name) for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            above = package.split(".")[: len(package.split(".")) - node.level + 1] if node.level else []
            source = ".".join([*above, *([node.module] if node.module else [])])
            for alias in node.names:
                inner = f"{source}.{alias.name}"
                yield node.lineno, inner if inner in modules else source
        elif isinstance(node, ast.Call) and node.args and isinstance(node.args[0], ast.Constant):
            name = node.args[0].value
            if isinstance(name, str) and ast.unparse(node.func).rpartition(".")[2] in {"import_module", "__import__"}:
                yield node.lineno, name


def _judge(module: str, room: str, name: str) -> str | None:
    top = name.partition(".")[0]
    if top == PACKAGE:
        other = room_of(name)
        if room == "examples":
            is_allowed = other in {"", "examples"}
        else:
            is_allowed = other == room or FLOORS.get(other, 99) < FLOORS[room]
        return None if is_allowed else f"{room or '__init__'} must not import {name}"
    if top in sys.stdlib_module_names:
        return None
    inside = module.removeprefix(f"{PACKAGE}.")
    for allowed in THIRD_PARTY.get(top, ()):
        if room == allowed or (inside != room and inside.startswith(allowed)):
            return None
    return f"{room or '__init__'} must not import {name}, which belongs to {sorted(THIRD_PARTY.get(top, ['no room']))}"


def test_no_room_imports_upward_or_sideways() -> None:
    assert find_violations(ROOT) == []


@pytest.mark.parametrize(
    ("module", "text", "expected"),
    [
        ("store/entry.py", "from hydra_cached.api import run", "store must not import hydra_cached.api"),
        ("store/entry.py", "from hydra_cached.graph import Node", "store must not import hydra_cached.graph"),
        (
            "store/entry.py",
            "def f():\n    from hydra_cached import planning",
            "store must not import hydra_cached.planning",
        ),
        ("store/entry.py", "from ..keys import key", "store must not import hydra_cached.keys"),
        ("store/entry.py", "from hydra_cached import run", "store must not import hydra_cached"),
        ("planning.py", "if TYPE_CHECKING:\n    import hydra_cached.cli", "planning must not import hydra_cached.cli"),
        ("planning.py", "import_module('hydra_cached.render')", "planning must not import hydra_cached.render"),
        ("render/tables.py", "import typer", "render must not import typer"),
        ("cli/main.py", "import rich.table", "cli must not import rich.table"),
        ("execution/worker.py", "import dask", "execution must not import dask"),
        ("execution/worker.py", "import hydra_cached.execution.hydra", "execution must not import"),
        ("keys.py", "import numpy", "keys must not import numpy, which belongs to ['fingerprint',"),
        ("keys.py", "import attrs", "keys must not import attrs, which belongs to ['no room']"),
        ("examples/a.py", "from hydra_cached.store import Store", "examples must not import hydra_cached.store"),
        ("cli/main.py", "import hydra_cached.examples.a", "cli must not import hydra_cached.examples.a"),
        ("tools.py", "", "is in no room of the table"),
    ],
)
def test_a_planted_violation_is_found(tmp_path: Path, module: str, text: str, expected: str) -> None:
    _write_tree(tmp_path, {module: text})

    [violation] = find_violations(tmp_path)

    assert expected in violation


@pytest.mark.parametrize(
    ("module", "text"),
    [
        ("store/entry.py", "import json, blake3, diskcache\nfrom hydra_cached.errors import UsageError"),
        ("store/entry.py", "from . import payload\nfrom hydra_cached.store.payload import read"),
        ("execution/dask.py", "import dask\nfrom distributed import Client"),
        ("execution/dask_worker.py", "import dask"),
        ("execution/hydra.py", "from hydra_cached.api import instantiate"),
        ("execution/caching/memory.py", "from hydra_cached import MemoryCache"),
        ("__init__.py", "from hydra_cached.api import run"),
        ("__main__.py", "from hydra_cached.cli import main"),
        ("examples/b.py", "from hydra_cached import run\nfrom hydra_cached.examples.a import f"),
    ],
)
def test_an_import_from_below_is_allowed(tmp_path: Path, module: str, text: str) -> None:
    _write_tree(tmp_path, {module: text})

    assert find_violations(tmp_path) == []


def _write_tree(root: Path, files: Mapping[str, str]) -> None:
    empty = dict.fromkeys(
        ("api.py", "planning.py", "keys.py", "store/payload.py", "cli/__init__.py", "examples/a.py"), ""
    )
    for name, text in {**empty, **files}.items():
        path = root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")


def test_importing_the_package_loads_no_slow_package() -> None:
    code = "import sys, hydra_cached; print(*sorted({name.partition('.')[0] for name in sys.modules}))"

    loaded = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout.split()

    assert PACKAGE in loaded
    assert {"dask", "hydra", "numpy", "pandas", "rich", "typer"}.isdisjoint(loaded)


def _offenders(is_wrong: Callable[[str], bool]) -> list[str]:
    return [str(path.relative_to(ROOT)) for path in sorted(ROOT.rglob("*.py")) if is_wrong(path.read_text("utf-8"))]


def test_every_module_says_what_it_owns() -> None:
    assert _offenders(lambda text: not ast.get_docstring(ast.parse(text))) == []


def test_no_module_is_longer_than_a_reader_can_hold() -> None:
    assert _offenders(lambda text: len(text.splitlines()) > MAX_LINES) == []


def test_the_examples_use_public_names_only() -> None:
    used = {
        alias.name
        for path in (ROOT / "examples").glob("*.py")
        for node in ast.walk(ast.parse(path.read_text("utf-8")))
        if isinstance(node, ast.ImportFrom) and node.module == PACKAGE
        for alias in node.names
    }

    assert used <= set(hydra_cached.__all__)
