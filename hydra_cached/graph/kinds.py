"""What kind of value something is to OmegaConf, and which versions are installed. Imports neither unless it must."""

from __future__ import annotations

import functools
from collections.abc import Callable
from typing import Any


def _is_config_type(kind: type) -> bool:
    # by name first: plain pipelines never import OmegaConf
    if not kind.__module__.startswith("omegaconf"):
        return False
    from omegaconf import Container

    return issubclass(kind, Container)


is_config_type: Callable[[type], bool] = functools.lru_cache(maxsize=4096)(_is_config_type)
"""Whether values of a type are OmegaConf containers."""


def is_structured(value: Any) -> bool:
    """Whether ``value`` is a dataclass or attrs class, or an instance of one."""
    kind = value if isinstance(value, type) else type(value)
    return hasattr(kind, "__dataclass_fields__") or hasattr(kind, "__attrs_attrs__")


@functools.lru_cache(maxsize=1)
def keeps_tuples() -> bool:
    """Whether the installed OmegaConf tells tuples from lists: since 2.4."""
    import omegaconf

    return hasattr(omegaconf, "TupleConfig")


@functools.lru_cache(maxsize=1)
def hydra_version() -> tuple[int, ...]:
    """Major and minor version of the installed Hydra, found without importing it."""
    from importlib.metadata import version

    return tuple(int(part) for part in version("hydra-core").split(".")[:2])
