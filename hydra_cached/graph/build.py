"""Builds a graph from a config with the semantics of `hydra.utils.instantiate`. Reads; never calls a target.

Plain dicts and lists are read as they are (`plain.py`). Whatever only OmegaConf can interpret (most interpolations,
missing values, structured configs) is read from an OmegaConf container (`omega_reader.py`), made of it where needed.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from hydra_cached.graph.depth import call_deep
from hydra_cached.graph.merge import merge_equal_calls
from hydra_cached.graph.node import Graph
from hydra_cached.graph.omega import merge_config
from hydra_cached.graph.omega_reader import NeedsMergeError, OmegaReader
from hydra_cached.graph.places import Places
from hydra_cached.graph.plain import NotPlainError, PlainReader, is_plain_leaf
from hydra_cached.graph.prepare import prepare_config


def build_graph(
    config: Any,
    args: Sequence[Any] = (),
    kwargs: Mapping[str, Any] | None = None,
    *,
    is_sharing: bool = True,
) -> Graph:
    """The graph of ``config``, with the caller's own arguments for the call at its root.

    Args:
        config: dict, list, OmegaConf container, dataclass or attrs class or instance.
        args: positional arguments of the root call; they replace ``_args_``.
        kwargs: keyword arguments of the root call, merged over its config; the mode keys count too.
        is_sharing: False gives every reference a call of its own, as Hydra does.

    Raises:
        TargetError: a ``_target_`` cannot be imported or is not callable.
        ConfigError: the config is no config, or refers to itself in a ring.
        omegaconf.errors.OmegaConfBaseException: an interpolation cannot be resolved, a value is missing.
    """
    places, root = call_deep(lambda: _read(config, tuple(args), dict(kwargs or {}), is_sharing))
    return merge_equal_calls(places.places, places.paths, root, is_sharing=is_sharing)


def _read(config: Any, args: tuple[Any, ...], kwargs: dict[str, Any], is_sharing: bool) -> tuple[Places, Any]:
    """Read in the cheapest way that is exact; each reader says when it is not."""
    leaves = kwargs if all(map(is_plain_leaf, kwargs.values())) else None
    plain = _override_plain(config, leaves)
    if plain is not None:
        places = Places(is_sharing, args)
        try:
            return places, PlainReader(places).read_root(plain)
        except NotPlainError:
            pass
    config = prepare_config(config)
    if leaves is not None:
        places = Places(is_sharing, args)
        try:
            return places, OmegaReader(places).read_root(config, leaves)
        except NeedsMergeError:
            pass
    places = Places(is_sharing, args)
    return places, OmegaReader(places).read_root(merge_config(config, kwargs), {}, list_modes=kwargs)


def _override_plain(config: Any, leaves: dict[str, Any] | None) -> Any:
    """``config`` with leaves set at its top, where that is all that merging would do; else None."""
    if leaves is None or not isinstance(config, (dict, list, tuple)):
        return None
    if not leaves:
        return config
    if isinstance(config, dict) and all(is_plain_leaf(config.get(key)) for key in leaves):
        return {**config, **leaves}
    return None
