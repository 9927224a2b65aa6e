"""Tells whose code a module is: the standard library's, an installed distribution's, or the user's own.

Looks at where the module's file lies, and asks only the one folder it lies in for its owner: listing what all
installed distributions provide takes longer than everything else together.
"""

from __future__ import annotations

import os
import sys
import sysconfig
import types
from collections.abc import Mapping
from dataclasses import dataclass
from importlib.machinery import ModuleSpec, PathFinder
from types import FunctionType, MethodType, ModuleType
from typing import Any, Literal

from hydra_cached.fingerprint.definition import module_label
from hydra_cached.fingerprint.installed import Installed, is_site_folder
from hydra_cached.fingerprint.rows import Rows

_OWN = __name__.partition(".")[0]


@dataclass(frozen=True, slots=True)
class Origin:
    """Whose code it is.

    Attributes:
        owner: the user's own code is what is neither in the standard library nor in an installed distribution;
            editable installs are the user's own.
        distribution: name and version where installed, else None.
        file: the module's file, or None.
    """

    owner: Literal["stdlib", "installed", "first_party"]
    distribution: tuple[str, str] | None = None
    file: str | None = None

    @property
    def is_first_party(self) -> bool:
        return self.owner == "first_party"


class Origins:
    """Origins of modules, each looked up once."""

    def __init__(self, rows: Rows) -> None:
        self._installed = Installed(rows)
        self._known: dict[str, Origin] = {}
        self._regular: dict[tuple[str, str], bool] = {}
        self._by_folder: dict[tuple[str, str], Origin] = {}
        paths = sysconfig.get_paths()
        self._stdlib = tuple({_folder(paths[name]) for name in ("stdlib", "platstdlib")})

    def of(self, target: Any) -> Origin:
        """The origin of a function, class, module or object (by its class), or of a module by name."""
        if isinstance(target, type) and target.__module__ == "types" and target is not vars(types).get(target.__name__):
            # whatever makes classes at run time and does not say for whom, as `dataclasses.make_dataclass` before 3.12
            return Origin("first_party")
        return self.of_module(target if isinstance(target, str) else module_of(target))

    def of_module(self, name: str) -> Origin:
        """The origin of a module, imported or not."""
        known = self._known.get(name)
        if known is None:
            known = self._known[name] = self._look_up(name)
        return known

    def owner(self, name: str) -> tuple[str, ...]:
        """Whose a module is, with name and version of its distribution."""
        origin = self.of_module(name)
        return (origin.owner, *(origin.distribution or ()))

    def summary(self) -> dict[str, tuple[str, ...]]:
        """Owners of all modules asked for so far: of packages, and of modules in them that are somebody else's."""
        found = {name: self.owner(name) for name in self._known if "." not in name}
        for name in list(self._known):
            top = name.partition(".")[0]
            if top not in found or found[top] != self.owner(name):
                found[name] = self.owner(name)
        return found

    def _look_up(self, name: str) -> Origin:
        if name == "__main__":
            return Origin("first_party", None, getattr(sys.modules.get(name), "__file__", None))
        top = name.partition(".")[0]
        if name in sys.builtin_module_names or name == "builtins":
            return Origin("stdlib")
        file = find_file(name)
        if file is None:
            # made at run time: whoever owns the package above it, or the one who made it
            return Origin("stdlib") if top in sys.stdlib_module_names else Origin("first_party")
        folder = (os.path.dirname(file), top)
        known = self._by_folder.get(folder)
        if known is not None:
            return Origin(known.owner, known.distribution, file)
        found = self._look_at(name, file)
        if self._is_regular(name, file):
            # it lies in one distribution as a whole
            self._by_folder[folder] = found
        return found

    def _look_at(self, name: str, file: str) -> Origin:
        distribution = self._find_owner(name, file)
        if distribution is None and name.partition(".")[0] == _OWN and not name.startswith(f"{_OWN}.examples"):
            # its own sources, run from a checkout, are no part of anybody's pipeline
            distribution = (_OWN, "")
        if distribution is not None:
            return Origin("installed", distribution, file)
        if not is_site_folder(file) and file.startswith(self._stdlib):
            return Origin("stdlib", None, file)
        return Origin("first_party", None, file)

    def _is_regular(self, name: str, file: str) -> bool:
        """Whether a module lies in a package with a file of its own at the top, which is no namespace of several."""
        relative = _relative_file(name, file)
        if relative is None or "/" not in relative:
            return False
        place = (file[: -len(relative)], relative.partition("/")[0])
        known = self._regular.get(place)
        if known is None:
            known = self._regular[place] = os.path.isfile(os.path.join(*place, "__init__.py"))
        return known

    def _find_owner(self, name: str, file: str) -> tuple[str, str] | None:
        relative = _relative_file(name, file)
        if relative is None:
            return None
        # parts of a namespace package lie in several distributions
        top = relative.partition("/")[0] if self._is_regular(name, file) else relative
        return self._installed.owner(file[: -len(relative)], top, relative)


def module_of(target: Any) -> str:
    """Name of the module that ``target``, or else its class, was written in."""
    if isinstance(target, MethodType):
        target = target.__func__
    if isinstance(target, ModuleType):
        return module_label(target.__name__)
    if isinstance(target, FunctionType):
        # functools.wraps lends a wrapper the name of another module
        name = target.__globals__.get("__name__") or target.__module__
        return module_label(name) or "__main__"
    # an instance answers with the module of its class
    for owner in (target, type(target)):
        found: object = getattr(owner, "__module__", None)
        if isinstance(found, str):
            return module_label(found)
    return "builtins"


def absolute(module: str, namespace: Mapping[str, Any]) -> str:
    """The name of a module that one with this namespace imports as ``module``, with leading dots; "" if none."""
    if not module.startswith("."):
        return module
    package = namespace.get("__package__")
    if not isinstance(package, str):
        package = str(namespace.get("__name__", "")).rpartition(".")[0]
    name = module.lstrip(".")
    parts = package.split(".")
    level = len(module) - len(name)
    if not package or level > len(parts):
        return ""
    above = ".".join(parts[: len(parts) - level + 1])
    return f"{above}.{name}" if name else above


def find_file(name: str) -> str | None:
    """The file of a module, of the package above it where it has none, or None. Imports nothing."""
    module = sys.modules.get(name)
    if module is None:
        parent = name.rpartition(".")[0]
        spec = find_spec(name)
        if spec is None and parent and parent not in sys.modules:
            return find_file(parent)
        return _spec_file(spec)
    file = getattr(module, "__file__", None) or _spec_file(getattr(module, "__spec__", None))
    if isinstance(file, str):
        return os.path.abspath(file)
    parent = name.rpartition(".")[0]
    return find_file(parent) if parent else None


def find_spec(name: str) -> ModuleSpec | None:
    """Where a module that is not imported would be found, without importing the packages above it; None if nowhere."""
    parent, _, last = name.rpartition(".")
    path: Any = None
    if parent in sys.modules:
        path = getattr(sys.modules[parent], "__path__", None)
    elif parent:
        path = getattr(find_spec(parent), "submodule_search_locations", None)
    if parent and path is None:
        return None
    try:
        return PathFinder.find_spec(name, path)
    except KeyError:
        # a package without a file of its own asks the one above it where it lies, which is not imported
        found = ModuleSpec(name, None, is_package=True)
        found.submodule_search_locations = [os.path.join(folder, last) for folder in path]
        return found
    except (ImportError, AttributeError, ValueError):
        return None


def _spec_file(spec: ModuleSpec | None) -> str | None:
    if spec is None:
        return None
    if spec.has_location and spec.origin:
        return os.path.abspath(spec.origin)
    return None


def _relative_file(name: str, file: str) -> str | None:
    """``file`` below the folder that its top-level package was imported from."""
    top = name.partition(".")[0]
    is_package = os.path.basename(file).startswith("__init__.")
    parts = file.rsplit(os.sep, name.count(".") + (2 if is_package else 1))
    for start in range(1, len(parts)):
        if parts[start].partition(".")[0] == top:
            return "/".join(parts[start:])
    return None


def _folder(path: str) -> str:
    return os.path.join(os.path.abspath(path), "")
