"""One thing that counts as code, as a value."""

from __future__ import annotations

from dataclasses import dataclass
from types import ModuleType
from typing import Any, Literal, TypeAlias

from blake3 import blake3

Kind: TypeAlias = Literal["function", "class", "module", "constant", "extension", "distribution", "opaque"]


@dataclass(frozen=True, slots=True)
class Definition:
    """One thing that counts as code of a target.

    Attributes:
        id: module and qualified name; the name of a distribution; for an opaque value where it was met and its type.
        kind: "extension" is a compiled file; "opaque" is what could not be read: a lock, a module that fails to import.
        digest: 64 hexadecimal digits of its own text or value, not of what it uses.
        file: where it stands, an absolute path, or None.
        line: first line in ``file``, or None.
    """

    id: str
    kind: Kind
    digest: str
    file: str | None = None
    line: int | None = None


def distribution_definition(distribution: tuple[str, str]) -> Definition:
    """An installed distribution, which counts by name and version."""
    return Definition(distribution[0], "distribution", digest_text(*distribution))


def qualified_name(target: Any) -> str:
    """Module and name of a function, class or module, as its author would write them."""
    if isinstance(target, ModuleType):
        return target.__name__
    name = getattr(target, "__qualname__", None) or getattr(target, "__name__", type(target).__qualname__)
    return f"{module_label(getattr(target, '__module__', None))}.{name}"


def module_label(name: Any) -> str:
    """A module's name; a spawned process calls the main module otherwise."""
    if not isinstance(name, str):
        return ""
    return "__main__" if name == "__mp_main__" else name


def digest_text(*texts: str) -> str:
    """64 hexadecimal digits for texts, one after another."""
    hasher = blake3()
    for text in texts:
        raw = text.encode("utf-8", "surrogatepass")
        hasher.update(b"%x:" % len(raw))
        hasher.update(raw)
    return hasher.hexdigest()
