"""Hypothesis strategies for whole inputs of `instantiate`: a config or a part of one, and the caller's arguments."""

from __future__ import annotations

import copy
from dataclasses import dataclass
from typing import Any

from hypothesis import reject
from hypothesis import strategies as st
from omegaconf import Node, OmegaConf
from omegaconf.errors import OmegaConfBaseException

from tests.graph import recording_targets as targets
from tests.graph.generated_references import Path, fill, refer_to, replace, walk
from tests.graph.generated_values import BOX, HERE, KEYS, LEAVES, Builder
from tests.graph.recording_targets import Colour, Corner, Point

SCHEMAS: dict[str, Any] = {"Pipeline": targets.Pipeline, "Call": targets.Call, "Nested": targets.Nested}


@dataclass(frozen=True)
class Case:
    """One call of `instantiate`: ``make()`` gives a fresh input, equal every time.

    Attributes:
        source: how ``tree`` is handed over: "plain", "whole" (a container), or by a structured config.
        part: path of what is handed over, where that is not the whole.
        locked: path of a container that is made read-only, or () for none.
    """

    tree: Any
    source: str
    part: Path
    args: tuple[Any, ...]
    kwargs: dict[str, Any]
    locked: Path = ()

    def make(self) -> Any:
        """The config as it is handed over; as plain data, as a whole container, or as a part of one."""
        tree = copy_tree(self.tree)
        if self.source == "plain":
            return tree
        config = self._make_container(tree)
        if self.source == "readonly":
            OmegaConf.set_readonly(config, True)
        if self.source == "struct":
            OmegaConf.set_struct(config, True)
        if self.locked:
            OmegaConf.set_readonly(self._at(config, self.locked), True)
        return self._at(config, self.part)

    def make_arguments(self) -> tuple[Any, dict[str, Any]]:
        """Fresh arguments of the caller."""
        made = copy_tree([list(self.args), self.kwargs])
        return made[0], made[1]

    def _make_container(self, tree: Any) -> Any:
        if self.source in SCHEMAS:
            made = SCHEMAS[self.source](**tree)
            return OmegaConf.structured(made, flags={"allow_objects": True}) if self.part else made
        if self.source.startswith("merged "):
            schema = OmegaConf.structured(SCHEMAS[self.source[7:]], flags={"allow_objects": True})
            return OmegaConf.merge(schema, tree)
        return OmegaConf.create(tree, flags={"allow_objects": True})

    def _at(self, config: Any, path: Path) -> Any:
        for key in path:
            config = config._get_node(key)
        return config


def copy_tree(tree: Any, known: dict[int, Any] | None = None) -> Any:
    """A copy in which what was the same dict is the same dict; leaves are the same objects."""
    known = {} if known is None else known
    if id(tree) in known:
        return known[id(tree)]
    made: Any = tree
    if isinstance(tree, Node):
        made = copy.deepcopy(tree)
    elif isinstance(tree, dict):
        made = copy.copy(tree)
        made.update({key: copy_tree(value, known) for key, value in tree.items()})
    elif isinstance(tree, list):
        made = type(tree)(copy_tree(value, known) for value in tree)
    elif type(tree) is tuple:
        made = tuple(copy_tree(value, known) for value in tree)
    known[id(tree)] = made
    return made


@st.composite
def trees(draw: Any, *, has_resolvers: bool = True) -> Any:
    """A dict or list, without the caller's arguments."""
    builder = Builder(draw)
    kind = draw(st.sampled_from(["dict", "dict", "call", "call", "list"]))
    depth = draw(st.integers(2, 4))
    if kind == "list":
        tree: Any = [builder.value(depth) for _ in range(draw(st.integers(1, 4)))]
    else:
        tree = builder.mapping(depth) if kind == "dict" else builder.call(depth)
        builder.made = [each for each in builder.made if each is not tree]
        for key in draw(st.lists(st.sampled_from(KEYS), min_size=1, max_size=4, unique=True)):
            tree[key] = builder.value(depth)
    return fill(draw, tree, has_resolvers)


@st.composite
def cases(draw: Any) -> Case:
    """A config as plain data or as a container, handed over whole."""
    tree = draw(trees())
    source = draw(st.sampled_from(["plain", "plain", "whole", "readonly", "struct"]))
    locked = draw(st.sampled_from(_resolved(tree))) if source == "whole" and draw(st.booleans()) else ()
    return Case(tree, source, (), (), {}, locked)


def _containers(tree: Any) -> list[Path]:
    """Paths of the containers inside a tree, or of the whole where there are none."""
    return [path for path, value in walk(tree) if type(value) in (dict, list) and "_args_" not in path] or [()]


def _resolved(tree: Any) -> list[Path]:
    """Paths of those without interpolations: Hydra 1.3 cannot resolve what is read-only."""
    found = dict(walk(tree))
    return [path for path in _containers(tree) if path and "${" not in repr(found[path])] or [()]


@st.composite
def parts(draw: Any) -> Case:
    """A container inside a larger one."""
    # what resolvers give outside of the part, Hydra writes into the caller's config
    tree = draw(trees(has_resolvers=False))
    locked = draw(st.sampled_from(_resolved(tree))) if draw(st.integers(0, 3)) == 3 else ()
    return Case(tree, "whole", draw(st.sampled_from(_containers(tree))), (), {}, locked)


@st.composite
def calls(draw: Any) -> Case:
    """A config, or a part of one, with arguments of the caller, mode keys among them."""
    case = draw(st.one_of(cases(), cases(), parts()))
    builder = Builder(draw)
    builder.fault = None
    args = tuple(draw(st.lists(LEAVES, max_size=2))) if builder.chance(30) else ()
    kwargs: dict[str, Any] = {}
    names = draw(st.lists(st.sampled_from([*KEYS, "new", "other"]), max_size=3, unique=True))
    for name in names:
        given = builder.value(2)
        # a name that is new is one to which nothing refers
        kwargs[name] = refer_to(draw, case.tree, given) if name not in KEYS else replace(given, {})
    if builder.chance(30):
        builder.modes(kwargs)
    if builder.chance(10):
        kwargs["_partial_"] = draw(st.booleans())
    if builder.chance(5):
        kwargs["_target_"] = f"{HERE}.show"
    if builder.chance(5):
        kwargs["_args_"] = [1]
    return Case(case.tree, case.source, case.part, args, kwargs, case.locked)


@st.composite
def schemas(draw: Any) -> Case:
    """A structured config: an instance, or its class with values merged over it; or a part of one; with arguments."""
    builder = Builder(draw)
    name = draw(st.sampled_from(list(SCHEMAS)))
    tree: dict[str, Any] = {"number": draw(st.sampled_from([5, "6"]))}
    for key, values in _fields(builder).items():
        if builder.chance(40):
            tree[key] = values()
    if name == "Call" and builder.chance(50):
        tree["_convert_"] = draw(st.sampled_from(["none", "partial", "object", "all"]))
    if builder.fault is not None and builder.chance(30):
        builder.fault = None
        tree.update(draw(st.sampled_from(FIELD_FAULTS)))
    source = draw(st.sampled_from([name, f"merged {name}"]))
    part: Path = ()
    kwargs: dict[str, Any] = {}
    if builder.chance(30):
        # as in `parts`
        part = draw(st.sampled_from(PARTS))
    if builder.chance(30):
        kwargs = draw(st.sampled_from(FIELD_OVERRIDES))
    case = Case(fill(draw, tree, not part), source, part, (), kwargs)
    try:
        made = case.make()
    except (OmegaConfBaseException, AttributeError, TypeError):
        reject()
    if part and not (OmegaConf.is_config(made) and made):
        # Hydra 1.3 fails on what is None or missing
        reject()
    return case


PARTS: list[Path] = [("a",), ("point",), ("named",), ("named", "k"), ("points",), ("optional",), ("inner",), ("shape",)]
FIELD_OVERRIDES: list[dict[str, Any]] = [
    {"number": 7},
    {"number": "8"},
    {"number": "text"},
    {"point": {"x": 9}},
    {"point": Point(9)},
    {"point": "${optional}"},
    {"points": [{"x": 1}]},
    {"named": {"new": Corner()}},
    {"missing": "${number}"},
    {"no_such_field": 1},
    {"either": 1.5},
    {"a": {"_target_": f"{HERE}.Box", "k": "${number}"}},
    {"optional": None, "_convert_": "object"},
    {"x": 1, "_convert_": "partial"},
]
FIELD_FAULTS: list[dict[str, Any]] = [
    {"number": "${.named}"},
    {"number": "${number}"},
    {"number": "${.either}", "either": "text"},
    {"number": "???"},
    {"point": "???"},
    {"missing": "???"},
    {"point": "${points[0]}", "points": []},
    {"point": "${.named.k.at}", "named": {}},
]


def _fields(builder: Builder) -> dict[str, Any]:
    draw = builder.draw
    points = st.sampled_from([Point, Point(3), Point(y=[1])])
    return {
        "a": lambda: builder.value(3),
        "b": lambda: builder.value(3),
        "maybe": lambda: draw(st.sampled_from([None, 1.5, "${.number}", "${.point.x}"])),
        "either": lambda: draw(st.sampled_from([1, "u", "${.number}"])),
        "point": lambda: draw(points),
        "points": lambda: draw(st.lists(points, max_size=2)),
        "named": lambda: draw(st.sampled_from([{}, {"k": Corner()}, {"k": Corner(Point(7, "${number}"))}])),
        "optional": lambda: draw(st.sampled_from([None, Point(4), "${point}", "${.point}"])),
        "numbers": lambda: draw(st.sampled_from([{}, {"k": 1}, {"k": "2", "l": "${number}"}])),
        "rows": lambda: draw(st.sampled_from([[], [[1, 2], []], [[3], "${rows[0]}"]])),
        "by_colour": lambda: draw(st.sampled_from([{}, {Colour.RED: 1, Colour.BLUE: BOX}])),
    }
