"""What a file says about its definitions, as values that can be written down and read again. Looks at no loaded code.

Kept as nested lists until something is asked for, and checked for shape only then: most of a file is never looked at.
Named tuples, because thousands of them are made in a few milliseconds.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

from hydra_cached.fingerprint.chains import Uses

_USES_SHAPE = (str,) * 6


class FunctionReading(NamedTuple):
    """A function or lambda.

    Attributes:
        line: first line, decorators included.
        text: digest of its normalised text.
        is_bare: whether its compiled code shows all there is: no decorators, and no annotations that anything reads.
        uses: names in use.
    """

    line: int
    text: str
    is_bare: bool
    uses: Uses


class ClassReading(NamedTuple):
    """A class statement.

    Attributes:
        line: first line, decorators included.
        text: digest of its normalised text, without the methods that are definitions of their own.
        assigned: names that its body assigns values to, with spaces between them.
        methods: digests of the compiled functions in it, by name.
        uses: names in use, in its methods only where they are no definitions of their own.
    """

    line: int
    text: str
    assigned: str
    methods: Mapping[str, Sequence[str]]
    uses: Uses


class StatementReading(NamedTuple):
    """Statements of a module, taken together: those with effects, or those that assign to one name."""

    line: int
    text: str
    uses: Uses


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

    __slots__ = ("_parts", "stamp", "verdict")

    def __init__(self, stamp: Sequence[int], parts: dict[str, Any], verdict: Sequence[int] = ()) -> None:
        self.stamp = tuple(stamp)
        self.verdict = tuple(verdict)
        self._parts = parts

    def function(self, code_digest: str) -> FunctionReading | None:
        """The function whose compiled code has this digest."""
        found = self._parts["functions"].get(code_digest)
        return _make(FunctionReading, found, (int, str, bool)) if found is not None else None

    def classes(self, qualname: str) -> list[ClassReading]:
        """The class statements of this name: it may be defined several times."""
        shape = (int, str, str, dict)
        made = [_make(ClassReading, each, shape) for each in self._parts["classes"].get(qualname, ())]
        return [each for each in made if each is not None]

    def effects(self) -> StatementReading | None:
        """The statements with effects; None without any."""
        found = self._parts["effects"]
        return _make(StatementReading, found, (int, str)) if found is not None else None

    def making(self, name: str) -> StatementReading | None:
        """The statements that make the value of a name by calls; None where no call does."""
        found = self._parts["making"].get(name)
        return _make(StatementReading, found, (int, str)) if found is not None else None

    def imports(self) -> list[ImportReading]:
        """The imports of the module itself."""
        return [ImportReading(*map(str, each)) for each in self._parts["imports"]]

    def line(self, name: str) -> int | None:
        """Where the module assigns to a name for the first time."""
        found = self._parts["lines"].get(name)
        return found if type(found) is int else None

    def dump(self) -> bytes:
        """The same as JSON, for `load_reading`."""
        row = {"stamp": self.stamp, "verdict": self.verdict, **self._parts}
        return json.dumps(row, separators=(",", ":")).encode()


def load_reading(data: bytes) -> FileReading | None:
    """What `FileReading.dump` wrote; None where it is not that."""
    try:
        row = json.loads(data)
    except ValueError:
        return None
    if type(row) is not dict:
        return None
    shape = {"functions": dict, "classes": dict, "making": dict, "lines": dict, "imports": list}
    numbers = [row.pop("stamp", None), row.pop("verdict", None)]
    for each in numbers:
        if type(each) is not list or not all(type(number) is int for number in each):
            return None
    if any(type(row.get(name)) is not kind for name, kind in shape.items()) or "effects" not in row:
        return None
    if not all(type(each) is list and len(each) == 3 for each in row["imports"]):
        return None
    return FileReading(numbers[0], row, numbers[1])


def _make(kind: Any, found: Any, shape: tuple[type, ...]) -> Any:
    """A named tuple from the list that JSON makes of it; None where it has another shape."""
    if type(found) is kind:
        return found
    if type(found) is not list or len(found) != len(shape) + 1:
        return None
    *values, uses = found
    if tuple(map(type, values)) != shape or type(uses) is not list or len(uses) != len(_USES_SHAPE) + 1:
        return None
    *names, blind = uses
    if tuple(map(type, names)) != _USES_SHAPE or type(blind) is not list:
        return None
    return kind(*values, Uses._make([*names, [tuple(each) for each in blind]] if blind else uses))
