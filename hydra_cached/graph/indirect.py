"""Checks targets that a config names without calling them: in configs passed on unexpanded, and by look-up.

`_recursive_: false` hands `{_target_: ...}` to a target that will instantiate it by itself, and
`hydra.utils.get_method` gives whatever its argument names. Such names count as targets. Those that cannot be known
before the run, because they come from another call, are refused.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from hydra_cached.errors import TargetError
from hydra_cached.graph.expression import Items, Raw
from hydra_cached.graph.node import Place
from hydra_cached.graph.paths import KeyPath, full_key_of
from hydra_cached.targets import (
    TargetPolicy,
    check_dependency,
    check_found,
    check_name,
    locate_target,
    marks_of,
    refuse,
    target_id,
)
from hydra_cached.targets.denied import DENIED_ATTRIBUTES, IMPORT_LOOKUPS, INNER_NAMES, LOOKUPS

_HARMFUL = DENIED_ATTRIBUTES | INNER_NAMES
_CONTAINERS = frozenset({Items, Raw, dict, list, tuple})


def check_indirect_targets(places: Iterable[Place], policy: TargetPolicy) -> None:
    """Refuse what ``policy`` does not let the calls at ``places`` reach, or depend on, by name.

    Raises:
        TargetError: a name is denied, not allowed, cannot be imported, or is not known yet.
    """
    known: dict[str, str] = {}
    for place in places:
        if place.is_leaf and place.target_id not in LOOKUPS and not place.declared.depends_on:
            continue
        try:
            # what a decorator says is no config's
            for name in place.declared.depends_on[len(marks_of(place.target).depends_on) :]:
                if isinstance(name, str):
                    check_dependency(name, policy, path=_dotted(place.path))
            if place.target_id in LOOKUPS:
                _check_lookup(place.target_id, place.args, place.kwargs, policy, _dotted(place.path))
            for path, written in _unexpanded_calls(place):
                name = written["_target_"]
                if name not in known:
                    known[name] = _check_named(name, policy, _dotted(path))
                if known[name] in LOOKUPS:
                    _check_lookup(known[name], written.get("_args_", ()), written, policy, _dotted(path))
        except TargetError as exc:
            exc.full_key = full_key_of(place.source, place.path)
            raise


def _dotted(path: KeyPath) -> str:
    return ".".join(map(str, path))


def _check_named(name: str, policy: TargetPolicy, path: str) -> str:
    """The id of what a name leads to, "" for what is not callable."""
    check_name(name, policy, path=path)
    # what cannot be imported now may be something else by the time the run comes to it
    found = locate_target(name, path=path)
    check_found(found, name, policy, path=path)
    return target_id(name) if callable(found) else ""


def _check_lookup(lookup: str, args: Any, kwargs: Mapping[str, Any], policy: TargetPolicy, path: str) -> None:
    for name in _looked_up(lookup, args, kwargs):
        if type(name) is not str:
            refuse(lookup, "looks up a name that the config does not say", policy, path=path)
        elif lookup in IMPORT_LOOKUPS:
            if _check_named(name, policy, path) in LOOKUPS:
                refuse(name, "could look up any name, once it is handed on", policy, path=path)
        else:
            for part in name.split("."):
                if part in _HARMFUL or part.startswith("_"):
                    refuse(lookup, f'takes "{part}", which can do harm', policy, path=path)


def _looked_up(lookup: str, args: Any, kwargs: Mapping[str, Any]) -> list[Any]:
    """The arguments of a look-up that are names; None stands for one that is not in the config."""
    given = args.values if type(args) is Items else args
    if not isinstance(given, (list, tuple)):
        return [None]
    if lookup in IMPORT_LOOKUPS:
        return [*given[:1], *([kwargs["path"]] if "path" in kwargs else [])] or [None]
    if lookup == "builtins.getattr":
        return list(given[1:2]) or [None]
    return list(given if lookup == "operator.attrgetter" else given[:1]) or [None]


def _unexpanded_calls(place: Place) -> Iterator[tuple[KeyPath, dict[Any, Any]]]:
    """Every mapping with a `_target_` below the arguments: where calls are expanded, none is left."""
    stack: list[tuple[KeyPath, Any]] = [
        ((*place.path, name), value) for name, value in place.kwargs.items() if type(value) in _CONTAINERS
    ]
    if type(place.args) in (Items, Raw):
        stack.append(((*place.path, "_args_"), place.args))
    while stack:
        path, value = stack.pop()
        if type(value) is Raw:
            from omegaconf import OmegaConf

            value = OmegaConf.to_container(value.config, resolve=False)
        if type(value) is Items:
            keys, values = value.keys, value.values
        elif type(value) is dict:
            keys, values = tuple(value), tuple(value.values())
        else:
            keys, values = None, value
        if keys is not None and "_target_" in keys:
            written = dict(zip(keys, values, strict=True))
            if isinstance(written["_target_"], str):
                yield path, written
        # most containers hold leaves alone
        if not _CONTAINERS.isdisjoint(map(type, values)):
            for key, each in zip(keys or range(len(values)), values, strict=True):
                if type(each) in _CONTAINERS:
                    stack.append(((*path, key), each))
