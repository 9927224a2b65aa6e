"""One thing that counts as code, as a value."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from types import ModuleType
from typing import Any, Literal, TypeAlias

from blake3 import blake3

Kind: TypeAlias = Literal[
    "function", "class", "constant", "effect", "module", "extension", "distribution", "target", "opaque", "unfollowed"
]


@dataclass(frozen=True, slots=True)
class Definition:
    """One thing that counts as code of a target, or that could not be followed.

    Attributes:
        id: module and qualified name; the name of a module or distribution; for what is opaque or was not followed also
            what it is.
        kind: "target" is the target itself where it is a value: a partial, a bound method, an object; "effect" are the
            statements of a module that do something when it is imported; "module" is one that is used as a whole;
            "extension" is a compiled file; "opaque" is what could not be read: a value such as a lock, which counts by
            its type and by what made it, or a module that cannot be imported; "unfollowed" is a place behind which
            nothing counts: `eval`, a `getattr` of a name that is not known.
        digest: 64 hexadecimal digits of its own text or value, not of what it uses; "" for what is not followed.
        file: where it stands, an absolute path, or None.
        line: first line in ``file``, or None.
    """

    id: str
    kind: Kind
    digest: str
    file: str | None = None
    line: int | None = None
    _write: Callable[[], str] | None = field(default=None, compare=False, repr=False)

    @property
    def text(self) -> str:
        """Its source as the digest sees it, for people: no comments, docstrings or annotations that nothing reads.

        Values that count with it stand below as comments, and names that stand for something else. A value is written
        as its repr, an object with its state, cut after 2,000 characters, a distribution as name and version, code
        without source as its instructions. "" where the file is another by now.
        """
        return "" if self._write is None else self._write()


def qualified_name(target: Any) -> str:
    """Module and name of a function, class or module, as its author would write them."""
    if isinstance(target, ModuleType):
        return target.__name__
    # some objects answer any name with whatever they make of it
    claimed = (getattr(target, "__qualname__", None), getattr(target, "__name__", None))
    name = next((each for each in claimed if isinstance(each, str) and each), type(target).__qualname__)
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
