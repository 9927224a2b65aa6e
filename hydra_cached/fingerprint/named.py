"""Finds the first-party code that a text names by its dotted path. Imports a module only where its file defines the name."""

from __future__ import annotations

import ast
import re
import sys
from importlib.machinery import PathFinder
from types import ModuleType
from typing import Any

from hydra_cached.fingerprint.code import CodeFingerprints
from hydra_cached.fingerprint.scope import load_module

_DOTTED = re.compile(r"[^\W\d]\w*(?:\.[^\W\d]\w*)+")
_LONGEST = 200


def code_named_by(text: str, code: CodeFingerprints) -> str | None:
    """64 hexadecimal digits for what ``text`` names, such as "package.module.function"; None where it names no code.

    A function, class, method, other attribute or module counts, if the module named is first-party. Third-party modules
    are never imported, nor is a script for a text like "setup.py", which only looks like the name of an attribute.
    """
    if "." not in text or len(text) > _LONGEST or _DOTTED.fullmatch(text) is None:
        return None
    parts = text.split(".")
    if not _is_own(parts[0], code):
        return None
    length = _count_modules(parts)
    name, attributes = ".".join(parts[:length]), parts[length:]
    if length == 0 or not _is_own(name, code):
        return None
    module = sys.modules.get(name)
    if module is None:
        if attributes and not _may_define(name, attributes[0], code):
            return None
        module = load_module(name)
    found: Any = module
    for attribute in attributes:
        try:
            found = getattr(found, attribute)
        except Exception:
            # whatever a user's __getattr__ raises: no such name
            return None
    return None if found is None else code.of(found)


def _is_own(name: str, code: CodeFingerprints) -> bool:
    # a name without a file is anybody's
    return code.is_first_party(name) and (name in sys.modules or code.file(name) is not None or _is_namespace(name))


def _is_namespace(name: str) -> bool:
    spec = PathFinder.find_spec(name) if "." not in name else None
    return spec is not None and spec.submodule_search_locations is not None


def _count_modules(parts: list[str]) -> int:
    """How many of the parts name modules, imported or not."""
    path: Any = None
    for count, part in enumerate(parts):
        name = ".".join(parts[: count + 1])
        module = sys.modules.get(name)
        if isinstance(module, ModuleType):
            path = getattr(module, "__path__", None)
        else:
            if count and path is None:
                return count
            spec = PathFinder.find_spec(name, path)
            if spec is None:
                return count
            path = spec.submodule_search_locations
    return len(parts)


def _may_define(name: str, attribute: str, code: CodeFingerprints) -> bool:
    """Whether the text of a module that is not imported binds a name at its top level."""
    file = code.file(name)
    if file is None or not file.endswith(".py"):
        return file is not None
    try:
        with open(file, "rb") as stream:
            tree = ast.parse(stream.read(), file)
    except (OSError, SyntaxError, ValueError, RecursionError):
        return False
    for node in ast.walk(tree):
        if isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef)):
            bound = node.name
        elif isinstance(node, ast.Name) and isinstance(node.ctx, ast.Store):
            bound = node.id
        elif isinstance(node, ast.alias):
            bound = node.asname or node.name.partition(".")[0]
        else:
            continue
        if bound in {attribute, "*", "__getattr__"}:
            return True
    return False
