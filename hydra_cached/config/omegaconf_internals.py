"""The only place that touches what omegaconf keeps private. Tested with omegaconf 2.3 and 2.4."""

from __future__ import annotations

import copy
from typing import Any


def yaml_loader() -> Any:
    """The PyYAML loader class of `OmegaConf.load`, so that `1e3` and `12:30` read as they do in Hydra."""
    try:
        from omegaconf._yaml import get_yaml_loader  # type: ignore[import-not-found, unused-ignore]

        # 2.4 limits how far aliases expand; here they are never expanded
        return get_yaml_loader(max_yaml_expanded_nodes=None)
    except ImportError:
        from omegaconf._utils import get_yaml_loader

        return get_yaml_loader()


def copy_with_root(config: Any) -> Any:
    """A copy of an OmegaConf node inside a copy of its whole tree, so that absolute interpolations see the copy."""
    keys = []
    node = config
    while (parent := node._get_parent()) is not None:
        keys.append(node._key())
        node = parent
    copied = copy.deepcopy(node)
    for key in reversed(keys):
        copied = copied._get_node(key)
    return copied


def resolver_table() -> dict[str, Any]:
    """Resolvers by name, as omegaconf keeps them: wrapped, with their caches' settings."""
    from omegaconf.basecontainer import BaseContainer

    table: dict[str, Any] = BaseContainer._resolvers
    return table
