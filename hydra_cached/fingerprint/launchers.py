"""Knows the functions that run code which no name leads to: other processes, files, libraries, plug-ins. Calls none."""

from __future__ import annotations

import ast
import sys
from collections import defaultdict
from collections.abc import Mapping
from types import MethodType, ModuleType
from typing import Any

CALLED = "!"
"""Begins the name of what is called, in the place of what something is done to: it matters only if it is a launcher."""

RUN_MODULE = "runpy.run_module"
RUN_PATH = "runpy.run_path"

_NAMES = {
    "asyncio": ("create_subprocess_exec", "create_subprocess_shell"),
    "ctypes": (
        *("CDLL", "OleDLL", "PyDLL", "WinDLL"),
        *("cdll.LoadLibrary", "oledll.LoadLibrary", "pydll.LoadLibrary", "windll.LoadLibrary"),
    ),
    "importlib.machinery": ("ExtensionFileLoader", "SourceFileLoader", "SourcelessFileLoader"),
    "importlib.metadata": ("entry_points",),
    "importlib.util": ("spec_from_file_location", "spec_from_loader"),
    "importlib_metadata": ("entry_points",),
    "os": ("popen", "posix_spawn", "posix_spawnp", "spawnl", "spawnle", "spawnv", "spawnve", "system"),
    "pkg_resources": ("iter_entry_points", "load_entry_point"),
    "runpy": ("run_module", "run_path"),
    "subprocess": ("Popen", "call", "check_call", "check_output", "getoutput", "getstatusoutput", "run"),
}
RUNNERS = {RUN_MODULE: "mod_name", RUN_PATH: "path_name"}
"""Those whose first argument, under this name, says what is run."""

_by_last: dict[str, list[tuple[str, str]]] = defaultdict(list)
for _module, _functions in _NAMES.items():
    for _function in _functions:
        _by_last[_function.rpartition(".")[2]].append((_module, _function))


def may_launch(name: str) -> bool:
    """Whether a launcher has this last name."""
    return name in _by_last


def is_named_launcher(dotted: str) -> bool:
    """Whether a dotted name is that of a launcher."""
    last = dotted.rpartition(".")[2]
    return any(dotted == f"{module}.{function}" for module, function in _by_last.get(last, ()))


def find_launcher(chain: str, namespace: Mapping[str, Any]) -> str:
    """The name of the launcher that a module calls ``chain``; "" where that is something else."""
    root, *rest = chain.split(".")
    value = namespace.get(root)
    for name in rest:
        if not isinstance(value, ModuleType) and type(value).__module__ != "ctypes":
            return ""
        value = getattr(value, name, None)
    for module, function in _by_last.get(chain.rpartition(".")[2], ()):
        found: Any = sys.modules.get(module)
        for name in function.split("."):
            found = getattr(found, name, None)
        # a bound method is made anew each time
        is_bound = type(found) is MethodType and type(value) is MethodType
        if found is not None and (found is value or (is_bound and found == value)):
            return f"{module}.{function}"
    return ""


def word_of(call: ast.Call, last: str) -> str:
    """What a call of the last name ``last`` runs, where it is written there; else ""."""
    wanted = RUNNERS.get(f"runpy.{last}")
    if wanted is None:
        return ""
    named = [each.value for each in call.keywords if each.arg == wanted]
    first = next(iter([*call.args[:1], *named]), None)
    return first.value if isinstance(first, ast.Constant) and isinstance(first.value, str) else ""
