"""Encodes omegaconf configs by resolved content, type and the flags a function can observe."""

from __future__ import annotations

from typing import Any

from hydra_cached.fingerprint.walk import Handler, Undigestible, Walk


def find_config_handler(cls: type) -> Handler | None:
    """The handler of an omegaconf class; None where its own pickling will do."""
    from omegaconf import DictConfig, ListConfig

    if issubclass(cls, DictConfig):
        return encode_dict_config
    return encode_list_config if issubclass(cls, ListConfig) else None


def encode_dict_config(walk: Walk, value: Any) -> None:
    """A config of keys: resolved values, the structured class behind it, readonly and struct flags."""
    walk.out += b"O"
    _write_kind(walk, value)
    if _write_empty(walk, value):
        return
    keys = list(value)
    walk.out += b"%x;" % len(keys)
    for key in keys:
        walk.write(key)
        _write_item(walk, value, key)


def encode_list_config(walk: Walk, value: Any) -> None:
    """A config of items: resolved values, readonly and struct flags."""
    walk.out += b"Q"
    _write_kind(walk, value)
    if _write_empty(walk, value):
        return
    walk.out += b"%x;" % len(value)
    for index in range(len(value)):
        _write_item(walk, value, index)


def _write_kind(walk: Walk, value: Any) -> None:
    from omegaconf import OmegaConf

    walk.write_class(type(value))
    walk.write(OmegaConf.get_type(value))
    walk.write((OmegaConf.is_readonly(value), OmegaConf.is_struct(value)))


def _write_empty(walk: Walk, value: Any) -> bool:
    if value._is_none() or value._is_missing():
        walk.out += b"0" if value._is_none() else b"?"
        return True
    return False


def _write_item(walk: Walk, config: Any, key: Any) -> None:
    from omegaconf import OmegaConf
    from omegaconf.errors import OmegaConfBaseException

    if OmegaConf.is_missing(config, key):
        walk.out += b"?"
        return
    try:
        item = config[key]
    except OmegaConfBaseException:
        # it has no value, and reading it fails: the text is all there is
        walk.out += b"~"
        walk.write(str(config._get_node(key)._value()))
        return
    try:
        walk.write(item)
    except Undigestible as stop:
        raise stop.below(f"[{key!r}]") from None
