"""Hypothesis strategies for configs: nested calls, containers, references and modes, with at most one fault each.

With one fault the first error is the only one, so that outcomes can be compared whatever is looked at first.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import PurePosixPath
from typing import Any

from hydra.types import ConvertMode
from hypothesis import reject
from hypothesis import strategies as st
from omegaconf import OmegaConf
from omegaconf.errors import OmegaConfBaseException

from tests.graph import recording_targets as targets
from tests.graph.recording_targets import Attrs, Colour, Corner, Point, Shape

HERE = targets.__name__
KEYS = ("a", "b", "c", "x", "y")
TARGETS = ("Box", "Box", "show", "first", "make_dict", "make_config", "make_point", "make_function")
KINDS = ("leaf", "leaf", "hole", "hole", "list", "dict", "call", "call", "call", "tuple", "structured")
MODES = ("none", "partial", "object", "all", ConvertMode.ALL, ConvertMode.OBJECT, ConvertMode.NONE)

Path = tuple["str | int", ...]


@dataclass(frozen=True)
class Hole:
    """Stands for an interpolation until all paths of the config are known."""

    number: int


@dataclass(frozen=True)
class Case:
    """One call of `instantiate`: ``make()`` gives a fresh input, equal every time."""

    tree: Any
    source: str
    part: Path
    args: tuple[Any, ...]
    kwargs: dict[str, Any]

    def make(self) -> Any:
        """The config as it is handed over; as plain data, as a whole container, or as a part of one."""
        tree = _copy(self.tree)
        if self.source in SCHEMAS:
            return SCHEMAS[self.source](**tree)
        if self.source.startswith("merged "):
            schema = OmegaConf.structured(SCHEMAS[self.source[7:]], flags={"allow_objects": True})
            return OmegaConf.merge(schema, tree)
        if self.source == "plain":
            return tree
        config = OmegaConf.create(tree, flags={"allow_objects": True})
        if self.source == "readonly":
            OmegaConf.set_readonly(config, True)
        if self.source == "struct":
            OmegaConf.set_struct(config, True)
        for key in self.part:
            config = config._get_node(key)
        return config


def _copy(tree: Any) -> Any:
    if isinstance(tree, dict):
        return {key: _copy(value) for key, value in tree.items()}
    if isinstance(tree, (list, tuple)):
        return type(tree)(_copy(value) for value in tree)
    return tree


LEAVES = st.one_of(
    st.integers(-2, 2),
    st.booleans(),
    st.none(),
    st.sampled_from([0.5, -0.0, float("inf"), "", "text", "a: b", "1", b"bytes", PurePosixPath("p/q"), Colour.RED]),
    st.sampled_from([targets.show, Point, len, object, targets.OPAQUE]),
)
SCHEMAS: dict[str, Any] = {"Pipeline": targets.Pipeline, "Call": targets.Call}
STRUCTURED: tuple[Any, ...] = (Point, Point(3, "text"), Corner, Corner(Point(y=[1, 2])), Shape, Shape(extra=[1]), Attrs)


class _Builder:
    """Draws one tree. ``fault`` is what has still to be put somewhere, or None."""

    def __init__(self, draw: Any) -> None:
        self.draw = draw
        self.holes = 0
        self.nodes = draw(st.integers(3, 14))
        self.is_named = False
        self.fault: str | None = draw(st.one_of(st.none(), st.none(), st.sampled_from(FAULTS)))

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
            # Hydra 1.3 spells callables as names in dicts and lists, but not in tuples
            is_named, self.is_named = self.is_named, True
            made = tuple(self.value(depth - 1) for _ in range(self.draw(st.integers(0, 2))))
            self.is_named = is_named
            return made
        if kind == "dict":
            return self.mapping(depth)
        if kind == "call":
            return self.call(depth)
        if kind == "structured":
            return self.draw(st.sampled_from(STRUCTURED))
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
        return made

    def call(self, depth: int) -> dict[Any, Any]:
        name = self.draw(st.sampled_from(TARGETS))
        written: Any = f"{HERE}.{name}"
        if self.chance(10) and not self.is_named:
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
    "bad args": {"_args_": 3},
    "args of a dict": {"_args_": {"k": 1}},
    "args of text": {"_args_": "ab"},
    "no args": {"_args_": None},
}
FAULTS = [*LEAF_FAULTS, *CALL_FAULTS]


# --- references -------------------------------------------------------------------------------------------------------


def _walk(tree: Any, path: Path = ()) -> Any:
    if path:
        yield path, tree
    if isinstance(tree, dict):
        for key, value in tree.items():
            if (isinstance(key, str) and key.isalpha()) or key == "_args_":
                yield from _walk(value, (*path, key))
    elif isinstance(tree, (list, tuple)):
        for index, value in enumerate(tree):
            yield from _walk(value, (*path, index))


def _spell(path: Path, brackets: bool) -> str:
    text = ""
    for key in path:
        text += f"[{key}]" if text and brackets and isinstance(key, int) else f".{key}" if text else str(key)
    return text


def _fill(draw: Any, tree: Any, has_resolvers: bool) -> Any:
    """The tree with interpolations in place of its holes, none of them leading back to itself."""
    found = dict(_walk(tree))
    refers: dict[Path, Path] = {}
    written: dict[Path, Any] = {}
    is_odd = draw(st.integers(0, 9)) >= 8

    def reaches(start: Path, goal: Path, seen: set[Path]) -> bool:
        # does resolving what stands at start need what stands at goal?
        for hole, target in refers.items():
            inside = hole[: len(start)] == start or start[: len(hole)] == hole
            if inside and hole not in seen:
                seen.add(hole)
                if _overlap(target, goal) or reaches(target, goal, seen):
                    return True
        return False

    for path, value in found.items():
        if not isinstance(value, Hole):
            continue
        goals = [goal for goal, each in found.items() if path[-1] != "_args_" or isinstance(each, (list, tuple))]
        if not goals:
            written[path] = []
            continue
        goal = draw(st.sampled_from(goals))
        refers[path] = goal
        if _overlap(goal, path) or reaches(goal, path, set()):
            del refers[path]
            alone = [1, None, "${oc.env:HOME,none}", *(["${count:h}"] if has_resolvers else [])]
            written[path] = [] if path[-1] == "_args_" else draw(st.sampled_from(alone))
            continue
        is_leaf = not isinstance(found[goal], (dict, list, tuple, Hole)) and not isinstance(found[goal], type)
        is_leaf = is_leaf and not hasattr(found[goal], "__dataclass_fields__")
        kinds = ["absolute", "absolute", "brackets", "relative"]
        if is_odd:
            kinds += ["select", "double"] if isinstance(goal[0], str) else []
            kinds += ["count", "tree"] if has_resolvers and path[-1] != "_args_" else []
            kinds += ["text"] if is_leaf else []
        kind = draw(st.sampled_from(kinds))
        dotted = _spell(goal, kind == "brackets")
        if kind == "relative":
            near = 0
            while near < len(path) - 1 and near < len(goal) - 1 and path[near] == goal[near]:
                near += 1
            dotted = "." * (len(path) - near) + _spell(goal[near:], False)
        text = {"select": f"${{oc.select:{dotted}}}", "text": f"v ${{{dotted}}}", "count": f"${{count:{len(written)}}}"}
        text |= {"tree": f"${{tree:{len(written)}}}", "double": f"${{oc.select:{dotted},3}}"}
        if kind in ("count", "tree"):
            del refers[path]
        written[path] = text.get(kind, f"${{{dotted}}}")
    return _replace(tree, written)


def _overlap(one: Path, other: Path) -> bool:
    size = min(len(one), len(other))
    return one[:size] == other[:size]


def _replace(tree: Any, written: dict[Path, Any], path: Path = ()) -> Any:
    if isinstance(tree, Hole):
        return written.get(path, 0)
    if isinstance(tree, dict):
        return {key: _replace(value, written, (*path, key)) for key, value in tree.items()}
    if isinstance(tree, (list, tuple)):
        return type(tree)(_replace(value, written, (*path, i)) for i, value in enumerate(tree))
    return tree


# --- cases ------------------------------------------------------------------------------------------------------------


@st.composite
def trees(draw: Any, *, has_resolvers: bool = True) -> Any:
    """A dict or list, without the caller's arguments."""
    builder = _Builder(draw)
    kind = draw(st.sampled_from(["dict", "dict", "call", "call", "list"]))
    depth = draw(st.integers(2, 4))
    if kind == "list":
        tree: Any = [builder.value(depth) for _ in range(draw(st.integers(1, 4)))]
    else:
        tree = builder.mapping(depth) if kind == "dict" else builder.call(depth)
        for key in draw(st.lists(st.sampled_from(KEYS), min_size=1, max_size=4, unique=True)):
            tree[key] = builder.value(depth)
    return _fill(draw, tree, has_resolvers)


@st.composite
def cases(draw: Any) -> Case:
    """A config as plain data or as a container, handed over whole."""
    tree = draw(trees())
    source = draw(st.sampled_from(["plain", "plain", "whole", "readonly", "struct"]))
    return Case(tree, source, (), (), {})


@st.composite
def parts(draw: Any) -> Case:
    """A container inside a larger one."""
    # what resolvers give outside of the part, Hydra writes into the caller's config
    tree = draw(trees(has_resolvers=False))
    inner = [path for path, value in _walk(tree) if isinstance(value, (dict, list)) and "_args_" not in path]
    part = draw(st.sampled_from(inner)) if inner else ()
    return Case(tree, "whole", part, (), {})


@st.composite
def calls(draw: Any) -> Case:
    """A config, or a part of one, with arguments of the caller, mode keys among them."""
    case = draw(st.one_of(cases(), cases(), parts()))
    builder = _Builder(draw)
    builder.fault = None
    args = tuple(draw(st.lists(LEAVES, max_size=2))) if builder.chance(30) else ()
    kwargs: dict[str, Any] = {}
    names = draw(st.lists(st.sampled_from([*KEYS, "new", "other"]), max_size=3, unique=True))
    for name in names:
        kwargs[name] = _replace(builder.value(2), {})
    if builder.chance(30):
        builder.modes(kwargs)
    if builder.chance(10):
        kwargs["_partial_"] = draw(st.booleans())
    if builder.chance(5):
        kwargs["_target_"] = f"{HERE}.show"
    if builder.chance(5):
        kwargs["_args_"] = [1]
    return Case(case.tree, case.source, case.part, args, kwargs)


@st.composite
def schemas(draw: Any) -> Case:
    """A structured config: an instance, or its class with values merged over it."""
    builder = _Builder(draw)
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
    case = Case(_fill(draw, tree, True), draw(st.sampled_from([name, f"merged {name}"])), (), (), {})
    try:
        case.make()
    except OmegaConfBaseException:
        reject()
    return case


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


def _fields(builder: _Builder) -> dict[str, Any]:
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
    }
