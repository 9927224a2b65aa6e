"""Walks one value into a growing buffer of bytes. Owns cycles, sharing and size; knows no type by itself.

Format: every value begins with one tag byte and ends where its own length says, so no two values can run together.
Only content counts: an object met twice is written twice (or as the digest of what it would have written), and a
value inside itself is written as the number of steps up to where it began.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, ClassVar, Protocol, TypeAlias

from blake3 import blake3

from hydra_cached.fingerprint.bulk import dump_run

LIMIT_BYTES = 4096
"""What takes more bytes than this is written as its digest: the buffer stays small, and shared parts are met once."""

_NEVER = 1 << 62


class Undigestible(Exception):
    """A value without a digest; ``steps`` leads to it, innermost first."""

    def __init__(self, reason: str) -> None:
        super().__init__(reason)
        self.reason = reason
        self.steps: list[str] = []

    def below(self, step: str) -> Undigestible:
        """The same, found one step further down."""
        self.steps.append(step)
        return self

    @property
    def place(self) -> str:
        return "".join(reversed(self.steps))


class CodeDigests(Protocol):
    """What a walk asks about the functions and classes it meets."""

    def reference(self, target: Any) -> str | None:
        """Hex digest of the code behind a first-party function, class or module; None for all others."""

    def body(self, target: Any) -> str:
        """Hex digest of a function's or class's own text, nothing it uses; "" for a class without source."""


Handler: TypeAlias = Callable[["Walk", Any], None]
Writer: TypeAlias = Callable[[bytearray, Any], None]


class Walk:
    """The walk and its buffer.

    Attributes:
        out: what was written so far.
        code: who tells digests of code.
    """

    __slots__ = ("_active", "_classes", "_collapsed", "_found", "_reach", "code", "out")

    simple: ClassVar[Mapping[type, Writer]] = {}
    compound: ClassVar[Mapping[type, Handler]] = {}

    def __init__(self, code: CodeDigests) -> None:
        self.code = code
        self.out = bytearray()
        self._active: dict[int, int] = {}
        self._found: dict[type, Handler] = {}
        self._collapsed: dict[int, tuple[Any, bytes]] = {}
        self._classes: dict[type, bytes] = {}
        self._reach = _NEVER

    def find(self, cls: type) -> Handler:
        """The handler of a type that is in neither table."""
        raise NotImplementedError

    def write(self, value: Any) -> None:
        """Append ``value``.

        Raises:
            Undigestible: it, or something in it, has no digest.
        """
        cls = type(value)
        writer = self.simple.get(cls)
        if writer is not None:
            writer(self.out, value)
            return
        handler = self.compound.get(cls) or self._found.get(cls)
        if handler is None:
            handler = self._found[cls] = self.find(cls)
        key = id(value)
        active = self._active
        begun = active.get(key)
        if begun is not None:
            self._reach = min(self._reach, begun)
            self.out += b"^%x;" % (len(active) - begun)
            return
        known = self._collapsed.get(key)
        if known is not None:
            self.out += known[1]
            return
        depth = len(active)
        active[key] = depth
        outer, self._reach = self._reach, _NEVER
        start = len(self.out)
        handler(self, value)
        del active[key]
        if len(self.out) - start > LIMIT_BYTES:
            digest = b"=" + blake3(memoryview(self.out)[start:]).digest()
            del self.out[start:]
            self.out += digest
            # what leads back to an ancestor means something else under another ancestor
            if self._reach >= depth:
                self._collapsed[key] = (value, digest)
        self._reach = min(outer, self._reach)

    def dump_run(self, items: list[Any]) -> bytes | None:
        """The bytes of ``items`` at once when they are plain data, else None."""
        return dump_run(items)

    def write_text(self, text: str) -> None:
        """Append a name: no value, and taken for none."""
        raw = text.encode("utf-8", "surrogatepass")
        self.out += b"t%x:" % len(raw)
        self.out += raw

    def write_buffer(self, tag: bytes, raw: bytes | bytearray | memoryview) -> None:
        """Append ``raw`` (contiguous bytes), a large one as its digest."""
        write_raw(self.out, tag, raw)

    def write_class(self, cls: type) -> None:
        """Append the class of an object; quick where the class was met before."""
        known = self._classes.get(cls)
        if known is None:
            start, outer = len(self.out), self._reach
            self._reach = _NEVER
            self.write(cls)
            if self._reach == _NEVER:
                self._classes[cls] = bytes(self.out[start:])
            self._reach = min(outer, self._reach)
        else:
            self.out += known

    def refuse(self, value: Any, reason: str = "cannot be digested") -> None:
        """Give ``value`` up.

        Raises:
            Undigestible: always; a walk that only describes code notes the place instead.
        """
        raise Undigestible(f"{describe_type(value)} {reason}")

    def restart(self, length: int) -> None:
        """Forget everything after ``length`` bytes, and where the walk stood."""
        del self.out[length:]
        self._active.clear()
        self._reach = _NEVER


def write_raw(out: bytearray, tag: bytes, raw: bytes | bytearray | memoryview) -> None:
    """Append a tagged run of bytes: in full when small, else its length and digest under the tag "%"."""
    size = len(raw)
    if size > LIMIT_BYTES:
        out += b"%%%b%x:" % (tag, size)
        out += blake3(raw).digest()
    else:
        out += b"%b%x:" % (tag, size)
        out += raw


def describe_type(value: Any) -> str:
    """The name of a value's type as a user would write it."""
    cls = type(value)
    return cls.__qualname__ if cls.__module__ == "builtins" else f"{cls.__module__}.{cls.__qualname__}"
