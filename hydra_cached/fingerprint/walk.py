"""Walks one value into a growing buffer of bytes. Owns cycles, sharing and size; knows no type by itself.

Format: every value begins with one tag byte and ends where its own length says, so no two values can run together.
Of plain data only the content counts: a list met twice is written twice (or as the digest of what it would have
written). An object with an identity that is met again is written as the number of its first meeting, so two layers
with one tied weight differ from two with equal ones. A value inside itself is written as the number of steps up to
where it began.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from typing import Any, ClassVar, Protocol, TypeAlias

from blake3 import blake3

from hydra_cached.fingerprint.bulk import dump_run
from hydra_cached.fingerprint.hashing import digest_bytes

LIMIT_BYTES = 4096
"""What takes more bytes than this is written as its digest: the buffer stays small, and shared parts are met once."""

_NEVER = 1 << 62
_MAX_STEPS = 20


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
        steps = self.steps[::-1]
        if len(steps) > _MAX_STEPS:
            steps = [*steps[: _MAX_STEPS // 2], "...", *steps[-_MAX_STEPS // 2 :]]
        return "".join(steps)


class CodeDigests(Protocol):
    """What a walk asks about the functions and classes it meets."""

    def reference(self, target: Any) -> str | None:
        """Hex digest of the code behind a first-party function, class or module; None for all others."""

    def body(self, target: Any) -> str:
        """Hex digest of a function's or class's own text, nothing it uses; "" for a class without source."""


Position: TypeAlias = tuple[int, int, int]
"""Bytes written, objects met, large parts known."""

Handler: TypeAlias = Callable[["Walk", Any], None]
Writer: TypeAlias = Callable[[bytearray, Any], None]


class Walk:
    """The walk and its buffer.

    Attributes:
        out: what was written so far.
        code: who tells digests of code.
    """

    __slots__ = ("_active", "_classes", "_collapsed", "_found", "_met", "_reach", "code", "out")

    simple: ClassVar[Mapping[type, Writer]] = {}
    compound: ClassVar[Mapping[type, Handler]] = {}

    def __init__(self, code: CodeDigests) -> None:
        self.code = code
        self.out = bytearray()
        self._active: dict[int, int] = {}
        self._found: dict[type, Handler] = {}
        self._collapsed: dict[int, tuple[Any, bytes]] = {}
        self._classes: dict[type, bytes] = {}
        # in order of meeting; the object is kept, so that its id stays its own
        self._met: dict[Any, tuple[int, Any]] = {}
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
        start, met = len(self.out), len(self._met)
        handler(self, value)
        del active[key]
        if len(self.out) - start > LIMIT_BYTES:
            digest = b"=" + blake3(memoryview(self.out)[start:]).digest()
            del self.out[start:]
            self.out += digest
            # what leads back to an ancestor means something else under another ancestor, and what introduced an object
            # writes something else the next time
            if self._reach >= depth and len(self._met) == met:
                self._collapsed[key] = (value, digest)
        self._reach = min(outer, self._reach)

    def find_met(self, value: Any, key: Any) -> tuple[int, Any] | None:
        """What was met first under ``key``, with the number of that meeting; None when ``value`` is the first."""
        known = self._met.get(key)
        if known is None:
            self._met[key] = (len(self._met), value)
        return known

    def write_again(self, value: Any) -> bool:
        """Append an object with an identity as the number of its first meeting; False when this is the first."""
        known = self.find_met(value, id(value))
        if known is None:
            return False
        self.out += b"*%x;" % known[0]
        return True

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

    def position(self) -> Position:
        """Where the walk stands."""
        return len(self.out), len(self._met), len(self._collapsed)

    def return_to(self, position: Position) -> None:
        """Forget what was written and met since ``position``."""
        length, met, collapsed = position
        del self.out[length:]
        if len(self._met) > met:
            while len(self._met) > met:
                self._met.popitem()
            # their bytes may name the numbers that are given away once more
            while len(self._collapsed) > collapsed:
                self._collapsed.popitem()

    @contextmanager
    def apart(self) -> Iterator[None]:
        """Write something that says the same wherever it is met: no object from outside is known, and none from inside
        is known afterwards."""
        met, self._met = self._met, {}
        collapsed, self._collapsed = self._collapsed, {}
        try:
            yield
        finally:
            self._met, self._collapsed = met, collapsed

    def restart(self, position: Position) -> None:
        """Return to ``position``, between two values, from anywhere inside the second."""
        self.return_to(position)
        self._active.clear()
        self._reach = _NEVER


def write_raw(out: bytearray, tag: bytes, raw: bytes | bytearray | memoryview) -> None:
    """Append a tagged run of bytes: in full when small, else its length and digest under the tag "%"."""
    size = len(raw)
    if size > LIMIT_BYTES:
        out += b"%%%b%x:" % (tag, size)
        out += digest_bytes(raw)
    else:
        out += b"%b%x:" % (tag, size)
        out += raw


def describe_type(value: Any) -> str:
    """The name of a value's type as a user would write it."""
    cls = type(value)
    return cls.__qualname__ if cls.__module__ == "builtins" else f"{cls.__module__}.{cls.__qualname__}"
