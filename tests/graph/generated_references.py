"""Fills the holes of drawn trees with interpolations of every kind, none of them leading back to itself."""

from __future__ import annotations

from typing import Any

from hypothesis import strategies as st

from tests.graph.generated_values import Hole

Path = tuple["str | int", ...]


def walk(tree: Any, path: Path = ()) -> Any:
    """Everything that an interpolation can name, with its path."""
    if path:
        yield path, tree
    if type(tree) is dict:
        for key, value in tree.items():
            if (isinstance(key, str) and key.isalpha()) or key == "_args_":
                yield from walk(value, (*path, key))
    elif type(tree) in (list, tuple):
        for index, value in enumerate(tree):
            yield from walk(value, (*path, index))


def _spell(path: Path, brackets: bool) -> str:
    text = ""
    for key in path:
        text += f"[{key}]" if text and brackets and isinstance(key, int) else f".{key}" if text else str(key)
    return text


def fill(draw: Any, tree: Any, has_resolvers: bool) -> Any:
    """The tree with interpolations in place of its holes, none of them leading back to itself."""
    found = dict(walk(tree))
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
        # the text of a container depends on what of it is resolved already
        is_leaf = type(found[goal]) in (int, bool, float, str, bytes, type(None))
        kinds = ["absolute", "absolute", "brackets", "relative"]
        if is_odd:
            kinds += ["select", "double"] if isinstance(goal[0], str) else []
            kinds += ["count", "tree", "cached", "here"] if has_resolvers and path[-1] != "_args_" else []
            kinds += ["same"] if has_resolvers else []
            kinds += ["text"] if is_leaf else []
        kind = draw(st.sampled_from(kinds))
        dotted = _spell(goal, kind == "brackets")
        if kind == "relative":
            near = 0
            while near < len(path) - 1 and near < len(goal) - 1 and path[near] == goal[near]:
                near += 1
            dotted = "." * (len(path) - near) + _spell(goal[near:], False)
        text = {"select": f"${{oc.select:{dotted}}}", "text": f"v ${{{dotted}}}", "count": f"${{count:{len(written)}}}"}
        text |= {"cached": f"${{cached:{len(written) % 2}}}", "here": f"${{here:{len(written)}}}"}
        text |= {"same": f"${{same:${{{dotted}}}}}"}
        text |= {"tree": f"${{tree:{len(written)}}}", "double": f"${{oc.select:{dotted},3}}"}
        if kind in ("count", "tree", "cached", "here"):
            del refers[path]
        written[path] = text.get(kind, f"${{{dotted}}}")
    return replace(tree, written)


def _overlap(one: Path, other: Path) -> bool:
    size = min(len(one), len(other))
    return one[:size] == other[:size]


def replace(tree: Any, written: dict[Path, Any], path: Path = ()) -> Any:
    """The tree with what is ``written`` in place of its holes. What has none stays the same object."""
    if isinstance(tree, Hole):
        return written.get(path, 0)
    if not has_holes(tree):
        return tree
    if isinstance(tree, dict):
        return {key: replace(value, written, (*path, key)) for key, value in tree.items()}
    return type(tree)(replace(value, written, (*path, i)) for i, value in enumerate(tree))


def refer_to(draw: Any, tree: Any, value: Any) -> Any:
    """``value`` with references to places in ``tree``, from which none leads to it, in place of its holes."""
    goals = [path for path, each in walk(tree) if path[-1] != "_args_" and not isinstance(each, Hole)]
    holes = [path for path, each in walk({"v": value}) if isinstance(each, Hole)]
    written = {path: f"${{{_spell(draw(st.sampled_from(goals)), False)}}}" if goals else 0 for path in holes}
    return replace({"v": value}, written)["v"]


def has_holes(tree: Any) -> bool:
    """Whether anything in ``tree`` stands for an interpolation."""
    values = tree.values() if type(tree) is dict else tree if type(tree) in (list, tuple) else ()
    return any(isinstance(each, Hole) or has_holes(each) for each in values)
