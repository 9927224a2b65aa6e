"""Builds a graph from a config with the semantics of `hydra.utils.instantiate`. Reads; never calls a target.

Plain dicts and lists are read as they are (`plain.py`). Whatever only OmegaConf can interpret (most interpolations,
missing values, structured configs) is read from an OmegaConf container (`omega_reader.py`), made of it where needed.
"""

from __future__ import annotations

import functools
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from typing import Any

from hydra_cached.fingerprint.collector import pause_collection
from hydra_cached.fingerprint.depth import call_deep
from hydra_cached.graph.indirect import check_indirect_targets
from hydra_cached.graph.kinds import hydra_version
from hydra_cached.graph.merge import merge_equal_calls
from hydra_cached.graph.node import Graph
from hydra_cached.graph.omega import merge_config
from hydra_cached.graph.omega_reader import NeedsCopyError, OmegaReader
from hydra_cached.graph.origins import Origins
from hydra_cached.graph.places import Places
from hydra_cached.graph.plain import NotPlainError, PlainReader, is_plain_leaf
from hydra_cached.graph.prepare import is_plain_config, prepare_config, spell_targets
from hydra_cached.targets import UNCHECKED, TargetPolicy


def build_graph(
    config: Any,
    args: Sequence[Any] = (),
    kwargs: Mapping[str, Any] | None = None,
    *,
    is_sharing: bool = True,
    policy: TargetPolicy = UNCHECKED,
) -> Graph:
    """The graph of ``config``, with the caller's own arguments for the call at its root.

    Args:
        config: dict, list, OmegaConf container, dataclass or attrs class or instance.
        args: positional arguments of the root call; they replace ``_args_``.
        kwargs: keyword arguments of the root call, merged over its config; the mode keys count too.
        is_sharing: False gives every reference a call of its own, as Hydra does.
        policy: which targets the config may call.

    Raises:
        TargetError: a ``_target_`` cannot be imported, is not callable or is refused.
        ConfigError: the config refers to itself in a ring, or a special key has a value it cannot have.
        hydra.errors.InstantiationException: the config is none.
        omegaconf.errors.OmegaConfBaseException: an interpolation cannot be resolved, a value is missing.
    """
    with pause_collection():
        return _build(config, tuple(args), dict(kwargs or {}), is_sharing, policy)


def _build(config: Any, args: tuple[Any, ...], kwargs: dict[str, Any], is_sharing: bool, policy: TargetPolicy) -> Graph:
    if "isolate" in kwargs and hydra_version() >= (1, 4):
        # how Hydra 1.4 is asked for copies of the config, which every target of ours gets
        kwargs = {key: value for key, value in kwargs.items() if key != "isolate"}
    new_places = functools.partial(Places, is_sharing, args, policy)
    places, root = read_config(config, kwargs, new_places)
    if policy.is_enforced:
        check_indirect_targets(places.places, policy)
    # deep for literals that are nested deep
    graph = call_deep(lambda: merge_equal_calls(places.places, places.paths, root, is_sharing=is_sharing))
    return replace(graph, policy=policy) if policy.is_enforced else graph


def read_config(config: Any, kwargs: dict[str, Any], new_places: Callable[[], Places]) -> tuple[Places, Any]:
    """Read in the cheapest way that is exact; each reader says when it is not."""
    leaves = kwargs if all(map(is_plain_leaf, kwargs.values())) else None
    plain = _override_plain(config, leaves)
    if plain is not None:
        # deep only here: the plain reader knows when it goes in a circle, OmegaConf does not
        found = call_deep(lambda: _read_plain(plain, _stand_for(plain, config, new_places())))
        if found is not None:
            return found
    prepared = prepare_config(config)
    if leaves is not None:
        try:
            return _read_deep(prepared, config, new_places, leaves, is_own=prepared is not config)
        except NeedsCopyError:
            pass
    return _read_deep(merge_config(prepared, spell_targets(kwargs)), config, new_places, {}, is_own=True, modes=kwargs)


def _read_deep(
    read: Any,
    config: Any,
    new_places: Callable[[], Places],
    leaves: dict[str, Any],
    *,
    is_own: bool,
    modes: Mapping[str, Any] | None = None,
) -> tuple[Places, Any]:
    def read_once() -> tuple[Places, Any]:
        places = _stand_for(read, config, new_places())
        try:
            return places, OmegaReader(places, is_own=is_own).read_root(read, leaves, list_modes=modes)
        except Exception as exc:
            # OmegaConf gives it in a wrapping
            if "RecursionError" in str(exc):
                raise RecursionError(str(exc)) from exc
            raise

    try:
        return call_deep(read_once)
    except RecursionError as exc:
        if exc.__cause__ is None:
            raise
        # no depth is enough: what OmegaConf makes of that, as Hydra
        raise exc.__cause__ from exc.__cause__.__cause__


def _stand_for(read: Any, config: Any, places: Places) -> Places:
    """``places`` for what is read in the place of the caller's ``config``."""
    if read is not config:
        places.origins = Origins(read, config)
    return places


def _read_plain(config: Any, places: Places) -> tuple[Places, Any] | None:
    try:
        return places, PlainReader(places).read_root(config)
    except NotPlainError:
        return None


def _override_plain(config: Any, leaves: dict[str, Any] | None) -> Any:
    """``config`` with leaves set at its top, where that is all that merging would do; else None."""
    if leaves is None or not is_plain_config(config):
        return None
    if not leaves:
        return config
    if isinstance(config, dict) and all(is_plain_leaf(config.get(key)) for key in leaves):
        return {**config, **leaves}
    return None
