"""Draws trees for configs: nested calls, containers, leaves of every kind and modes, with at most one fault each.

With one fault the first error is the only one, so that outcomes can be compared whatever is looked at first.
"""

from __future__ import annotations

import datetime as dt
from collections import OrderedDict, defaultdict, namedtuple
from dataclasses import dataclass
from enum import Enum, IntEnum
from pathlib import PurePosixPath
from typing import Any

from hydra.types import ConvertMode
from hypothesis import strategies as st
from omegaconf import AnyNode, DictConfig, IntegerNode, ListConfig, OmegaConf, StringNode

from tests.graph import recording_targets as targets
from tests.graph.recording_targets import Attrs, Colour, Corner, Point, Shape

HERE = targets.__name__
KEYS = ("a", "b", "c", "x", "y")
TARGETS = ("Box", "Box", "show", "first", "change", "make_dict", "make_config", "make_point", "make_function")
KINDS = ("leaf", "leaf", "hole", "hole", "list", "dict", "call", "call", "call", "tuple", "structured", "odd", "again")
MODES = ("none", "partial", "object", "all", ConvertMode.ALL, ConvertMode.OBJECT, ConvertMode.NONE)


@dataclass(frozen=True)
class Hole:
    """Stands for an interpolation until all paths of the config are known."""

    number: int


class Text(str):
    """Text of a class of its own."""


class Items(list[Any]):
    """A list of a class of its own."""


class Options(dict[str, Any]):
    """A dict of a class of its own."""


class Size(IntEnum):
    SMALL = 1


class Name(str, Enum):
    FIRST = "first"


Pair = namedtuple("Pair", "one two")

LEAVES = st.one_of(
    st.integers(-2, 2),
    st.booleans(),
    st.none(),
    st.sampled_from([0.5, -0.0, float("inf"), "", "text", "a: b", "1", b"bytes", PurePosixPath("p/q"), Colour.RED]),
    st.sampled_from([targets.show, Point, len, object, targets.OPAQUE]),
)
STRUCTURED: tuple[Any, ...] = (Point, Point(3, "text"), Corner, Corner(Point(y=[1, 2])), Shape, Shape(extra=[1]), Attrs)
BOX = {"_target_": f"{HERE}.Box"}
# what is rare in a config, and what OmegaConf looks at twice
ODD: tuple[Any, ...] = (
    Text("text"),
    Text("${oc.env:NO_SUCH_NAME,text}"),
    "\\${oc.env:NO_SUCH_NAME,text}",
    "text \\${oc.env:NO_SUCH_NAME,text}",
    Size.SMALL,
    Name.FIRST,
    dt.date(2024, 1, 2),
    frozenset({1}),
    range(3),
    1j,
    Pair(1, BOX),
    (Pair(1, BOX), Items([BOX]), Options(k=BOX)),
    Items([1, BOX]),
    Options(k=BOX),
    OrderedDict(k=BOX),
    defaultdict(int, k=[BOX]),
    AnyNode(3),
    AnyNode("${oc.env:NO_SUCH_NAME,4}"),
    IntegerNode("${oc.env:NO_SUCH_NAME,4}"),
    StringNode(None),
    DictConfig(None),
    ListConfig(None),
    DictConfig({"k": [1, BOX], "l": "${.k}"}),
    ListConfig([1, {"k": BOX}, "${.[0]}"]),
    OmegaConf.structured(Corner(Point(5, "${.x}"))),
    DictConfig({"k": 1}, flags={"readonly": True}),
    {1: BOX, 2.5: "k", Colour.BLUE: [1]},
    {"key with space": 1, "dotted.key": BOX, "": 2},
)


class Builder:
    """Draws one tree. ``fault`` is what has still to be put somewhere, or None."""

    def __init__(self, draw: Any) -> None:
        self.draw = draw
        self.holes = 0
        self.nodes = draw(st.integers(3, 14))
        self.fault: str | None = draw(st.one_of(st.none(), st.none(), st.sampled_from(FAULTS)))
        self.made: list[dict[Any, Any]] = []

    def chance(self, percent: int) -> bool:
        return bool(self.draw(st.integers(0, 99)) >= 100 - percent)

    def value(self, depth: int) -> Any:
        self.nodes -= 1
        if depth <= 0 or self.nodes <= 0:
            return self.leaf()
        kind = self.draw(st.sampled_from(KINDS))
        if kind == "list":
            return [self.value(depth - 1) for _ in range(self.draw(st.integers(0, 3)))]
        if kind == "tuple":
            return tuple(self.value(depth - 1) for _ in range(self.draw(st.integers(0, 2))))
        if kind == "dict":
            return self.mapping(depth)
        if kind == "call":
            return self.call(depth)
        if kind == "structured":
            return self.draw(st.sampled_from(STRUCTURED))
        if kind == "odd" and self.chance(50):
            return self.draw(st.sampled_from(ODD))
        if kind == "again" and self.made:
            # the same dict at another place
            return self.draw(st.sampled_from(self.made))
        return self.hole() if kind == "hole" else self.leaf()

    def hole(self) -> Hole:
        self.holes += 1
        return Hole(self.holes)

    def leaf(self) -> Any:
        if self.fault in LEAF_FAULTS and self.chance(30):
            return LEAF_FAULTS[self.take()]
        return self.draw(LEAVES)

    def take(self) -> str:
        fault, self.fault = self.fault, None
        assert fault is not None
        return fault

    def mapping(self, depth: int) -> dict[Any, Any]:
        made: dict[Any, Any] = {}
        if self.chance(20):
            self.modes(made)
        keys: list[Any] = self.draw(st.lists(st.sampled_from(KEYS), max_size=3, unique=True))
        if self.chance(5):
            keys.append(self.draw(st.sampled_from([1, True, 2.5, Colour.BLUE, "key with space", b"k"])))
        for key in keys:
            made[key] = self.value(depth - 1)
        self.made.append(made)
        return made

    def call(self, depth: int) -> dict[Any, Any]:
        name = self.draw(st.sampled_from(TARGETS))
        written: Any = f"{HERE}.{name}"
        if self.chance(10):
            written = getattr(targets, name)
        made: dict[Any, Any] = {"_target_": written}
        if self.chance(30):
            self.modes(made)
        if self.chance(15):
            made["_partial_"] = self.draw(st.booleans())
        if self.chance(20):
            many = st.integers(0, 2)
            made["_args_"] = self.hole() if self.chance(10) else [self.value(depth - 1) for _ in range(self.draw(many))]
        for key in self.draw(st.lists(st.sampled_from(KEYS), max_size=3, unique=True)):
            made[key] = self.value(depth - 1)
        if self.fault in CALL_FAULTS and self.chance(40):
            made.update(CALL_FAULTS[self.take()])
        if self.chance(10):
            # the order of keys matters to nobody but the order of calls
            made = dict(self.draw(st.permutations(list(made.items()))))
        self.made.append(made)
        return made

    def modes(self, made: dict[Any, Any]) -> None:
        if self.chance(80):
            made["_convert_"] = self.draw(st.sampled_from(MODES))
        if self.chance(25):
            made["_recursive_"] = self.draw(st.booleans())


LEAF_FAULTS: dict[str, Any] = {
    "missing": "???",
    "nothing there": "${nothing.there}",
    "nothing near": "${.nothing}",
    "too far up": "${.........a}",
    "broken resolver": "${broken:1}",
    "unknown resolver": "${unknown_resolver:1}",
    "text of a missing": "text ${nothing}",
}
CALL_FAULTS: dict[str, dict[str, Any]] = {
    "no module": {"_target_": "no_such_module_anywhere.f"},
    "no attribute": {"_target_": f"{HERE}.no_such_function"},
    "not callable": {"_target_": "math.pi"},
    "a module": {"_target_": "math"},
    "null": {"_target_": None},
    "number": {"_target_": 3},
    "empty": {"_target_": ""},
    "relative": {"_target_": ".f"},
    "missing target": {"_target_": "???"},
    "fails": {"_target_": f"{HERE}.fail"},
    "fails with a cause": {"_target_": f"{HERE}.fail_with_cause"},
    "wrong arguments": {"_target_": f"{HERE}.add", "no_such": 1},
    "bad recursive": {"_recursive_": "yes"},
    "null recursive": {"_recursive_": None},
    "bad partial": {"_partial_": 1},
    "odd convert": {"_convert_": "sideways"},
    "null convert": {"_convert_": None},
    "missing convert": {"_convert_": "???"},
    "missing recursive": {"_recursive_": "???"},
    "missing partial": {"_partial_": "???"},
    "convert of nothing": {"_convert_": "${nothing}"},
    "dict convert": {"_convert_": {"k": 1}},
    "bad args": {"_args_": 3},
    "args of a dict": {"_args_": {"k": 1}},
    "args of text": {"_args_": "ab"},
    "no args": {"_args_": None},
}
FAULTS = [*LEAF_FAULTS, *CALL_FAULTS]
