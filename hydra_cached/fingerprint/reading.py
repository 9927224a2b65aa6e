"""What a file says about its definitions, as values that can be written down and read again. Looks at no loaded code.

Kept as the lists that JSON makes until something is asked for: most of a file is never looked at. Named tuples, because
thousands of them are made in a few milliseconds.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

Blind = Sequence[Sequence[Any]]
"""Line and text of what cannot be followed, what it is done to, and what it runs: see `Uses.blind`."""


class FunctionReading(NamedTuple):
    """A function or lambda.

    Attributes:
        line: first line, decorators included.
        text: digest of its normalised text.
        is_bare: whether its compiled code shows all there is: no decorators, and no annotations that anything reads.
        uses: names in use, packed.
        blind: what of them cannot be followed.
    """

    line: int
    text: str
    is_bare: bool
    uses: str
    blind: Blind


class ClassReading(NamedTuple):
    """A class statement.

    Attributes:
        line: first line, decorators included.
        text: digest of its normalised text, without the methods that are definitions of their own.
        assigned: names that its body assigns values to, with spaces between them.
        methods: digests of the compiled functions in it, by name.
        uses: names in use, packed; those of its methods only where they are no definitions of their own.
        blind: what of them cannot be followed.
    """

    line: int
    text: str
    assigned: str
    methods: Mapping[str, Sequence[str]]
    uses: str
    blind: Blind


class StatementReading(NamedTuple):
    """Statements of a module, taken together: those with effects, or those that assign to one name."""

    line: int
    text: str
    uses: str
    blind: Blind


class ImportReading(NamedTuple):
    """An import that runs when the module itself is imported; names with spaces between them.

    Attributes:
        module: as written, with its leading dots.
        names: what is taken from it, each with ":" and its name here if that is another; "" for a plain import.
        unused: those names that nothing in the module mentions; for a plain import the module itself.
    """

    module: str
    names: str
    unused: str


class FileReading:
    """All that is known of a file.

    Attributes:
        stamp: of the file when it was read.
        verdict: stamp of a compiled file that was compared with this text, and 1 if they say the same, else 0.
    """

    __slots__ = ("_functions", "_parts", "stamp", "verdict")

    def __init__(self, stamp: Sequence[int], parts: dict[str, Any], verdict: Sequence[int] = ()) -> None:
        self.stamp = tuple(stamp)
        self.verdict = tuple(verdict)
        self._parts = parts
        self._functions: dict[str, Sequence[Any]] = parts["functions"]

    def function(self, code_digest: str) -> FunctionReading | None:
        """The function whose compiled code has this digest."""
        found = self._functions.get(code_digest)
        return None if found is None else FunctionReading._make(found)

    def classes(self, qualname: str) -> list[ClassReading]:
        """The class statements of this name: it may be defined several times."""
        return [ClassReading._make(each) for each in self._parts["classes"].get(qualname, ())]

    def effects(self) -> StatementReading | None:
        """The statements with effects; None without any."""
        found = self._parts["effects"]
        return None if found is None else StatementReading._make(found)

    def effect_places(self) -> Sequence[int]:
        """How many imports stand before each of these statements."""
        found: Sequence[int] = self._parts["effect_places"]
        return found

    def making(self, name: str) -> StatementReading | None:
        """The statements that make the value of a name by calls; None where no call does."""
        found = self._parts["making"].get(name)
        return None if found is None else StatementReading._make(found)

    def imports(self) -> Sequence[Sequence[str]]:
        """The imports of the module itself, each an `ImportReading` or what JSON makes of one."""
        found: Sequence[Sequence[str]] = self._parts["imports"]
        return found

    def line(self, name: str) -> int | None:
        """Where the module assigns to a name for the first time."""
        found: int | None = self._parts["lines"].get(name)
        return found

    def dump(self) -> list[Any]:
        """The same as lists, for `load_reading`."""
        return [self.stamp, self.verdict, self._parts]


def load_reading(content: Any) -> FileReading | None:
    """What `FileReading.dump` made; None for None."""
    if content is None:
        return None
    stamp, verdict, parts = content
    return FileReading(stamp, parts, verdict)
