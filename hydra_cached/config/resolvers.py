"""Carries the resolvers that a user registered with OmegaConf to another process. Calls none of them."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from hydra_cached.config.omegaconf_internals import resolver_table

_BUILT_IN = "oc."


def registered_resolvers() -> dict[str, Callable[..., Any]]:
    """The resolvers that are not OmegaConf's own, by name, as it keeps them."""
    return {name: function for name, function in resolver_table().items() if not name.startswith(_BUILT_IN)}


def restore_resolvers(resolvers: Mapping[str, Callable[..., Any]]) -> None:
    """Register in this process what `registered_resolvers` gave in another; what is registered already stays."""
    table = resolver_table()
    for name, function in resolvers.items():
        table.setdefault(name, function)
