"""Reads pipelines that are OmegaConf containers, node by node. Resolves interpolations one by one where they stand."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from hydra_cached.errors import ConfigError
from hydra_cached.graph import omega
from hydra_cached.graph.expression import PLAIN_MODES, Items, Raw, Ref, is_config_type, with_convert
from hydra_cached.graph.omega import UNSURE, KeyPath, full_key_of, read_leaf
from hydra_cached.graph.places import (
    DECLARING_KEYS,
    MODE_KEYS,
    SPECIAL_KEYS,
    Places,
    check_flag,
    declare,
    mode_name,
)


class NeedsMergeError(Exception):
    """The caller's arguments cannot be laid over the config while it is read: they must be merged into a copy first."""


class OmegaReader:
    """Turns OmegaConf containers into expressions, and the calls in them into places."""

    def __init__(self, places: Places) -> None:
        self._places = places
        self._base: KeyPath = ()
        self._overlay: dict[str, Any] = {}

    def read_root(self, config: Any, overlay: dict[str, Any], *, list_modes: Mapping[str, Any] | None = None) -> Any:
        """The expression of a whole config.

        Args:
            overlay: leaves that the caller sets at the top.
            list_modes: the modes that the caller gives for a config that is a list.

        Raises:
            NeedsMergeError: laying ``overlay`` over the config is not all that merging would do.
        """
        self._base = omega.key_path_of(config)
        content = omega.content_of(config)
        if isinstance(content, list):
            modes = list_modes or {}
            if overlay:
                raise NeedsMergeError
            if modes.get("_partial_", False):
                raise ConfigError("the _partial_ keyword is not compatible with a list at the top level")
            convert = mode_name(modes.get("_convert_", "none"))
            return self._read_container(config, (), (), convert, modes.get("_recursive_", True))
        if overlay:
            self._check_overlay(config, content, overlay)
            self._overlay = overlay
        if content is not None and "_target_" not in content:
            return self._read_dict(config, content, (), "none", True, is_root=True)
        return self._read_container(config, (), (), "none", True)

    def _check_overlay(self, config: Any, content: Any, overlay: dict[str, Any]) -> None:
        if content is None or "_target_" not in content or omega.object_type_of(config) is not None:
            raise NeedsMergeError
        for key in overlay:
            if key in SPECIAL_KEYS or (key in content and read_leaf(content[key]) is UNSURE):
                raise NeedsMergeError
            if key in content and type(content[key]).__name__ != "AnyNode":
                raise NeedsMergeError

    def _item(self, source: Any, key: Any, node: Any) -> Any:
        """The value of one child: a leaf, or a container in its own place."""
        value = read_leaf(node)
        if value is not UNSURE:
            return value
        if is_config_type(type(node)) and isinstance(node.__dict__["_content"], (dict, list)):
            return node
        if self._overlay and omega.is_reference(node):
            # it may refer to what the caller overrides
            raise NeedsMergeError
        return omega.read_item(source, key)

    def _read(self, value: Any, path: KeyPath, convert: str, recursive: Any) -> Any:
        if not is_config_type(type(value)):
            return value
        return self._read_container(value, path, self._home(value, path), convert, recursive)

    def _home(self, container: Any, path: KeyPath) -> KeyPath:
        """Where a container is written, seen from the root of the pipeline; ``path`` is where it was found."""
        own = omega.key_path_of(container)
        base = self._base
        if container._get_parent() is None:
            return path
        return own[len(base) :] if own[: len(base)] == base else own

    def _read_container(self, source: Any, path: KeyPath, home: KeyPath, convert: str, recursive: Any) -> Any:
        content = omega.content_of(source)
        if content is None:
            return None
        if isinstance(content, dict):
            if "_target_" in content:
                return self._read_call(source, content, path, home, convert, recursive)
            return self._read_dict(source, content, home, convert, recursive)
        self._places.enter(source, home)
        values = [
            self._read(self._item(source, i, node), (*home, i), convert, recursive) for i, node in enumerate(content)
        ]
        self._places.leave(source)
        return Items(None, tuple(values), is_config=convert not in PLAIN_MODES)

    def _modes(self, source: Any, content: Any, convert: str, recursive: Any) -> tuple[str, bool, bool]:
        is_partial: Any = False
        if "_convert_" in content:
            convert = mode_name(self._item(source, "_convert_", content["_convert_"]))
        if "_recursive_" in content:
            recursive = self._item(source, "_recursive_", content["_recursive_"])
        if "_partial_" in content:
            is_partial = self._item(source, "_partial_", content["_partial_"])
        if not (recursive is True and is_partial is False):
            full_key = full_key_of(source, ())
            check_flag("_recursive_", recursive, full_key)
            check_flag("_partial_", is_partial, full_key)
        return convert, recursive, is_partial

    def _read_dict(
        self, source: Any, content: Any, home: KeyPath, convert: str, recursive: Any, *, is_root: bool = False
    ) -> Items:
        convert, recursive, _ = self._modes(source, content, convert, recursive)
        self._places.enter(source, home)
        keys = tuple([key for key in content if not (is_root and key in MODE_KEYS)])
        values = [self._read(self._item(source, key, content[key]), (*home, key), convert, recursive) for key in keys]
        self._places.leave(source)
        object_type = omega.object_type_of(source)
        is_config = convert not in PLAIN_MODES or (convert != "all" and object_type is not None)
        return Items(keys, tuple(values), is_config, object_type, is_object=is_config and convert == "object")

    def _read_call(self, source: Any, content: Any, path: KeyPath, home: KeyPath, convert: str, recursive: Any) -> Ref:
        places = self._places
        known = places.known(source, convert, recursive, path)
        if known is not None:
            return known
        inherited = (convert, recursive)
        convert, recursive, is_partial = self._modes(source, content, convert, recursive)
        places.enter(source, home)
        target = places.target(self._item(source, "_target_", content["_target_"]), home, source)
        kwargs: dict[str, Any] = {}
        declared = target[2]
        for key, node in content.items():
            if key in SPECIAL_KEYS:
                if key in DECLARING_KEYS:
                    declared = declare(declared, {key: self._item(source, key, node)}, home)
                continue
            value = read_leaf(node)
            if value is UNSURE:
                if is_partial and omega.is_missing(source, key):
                    continue
                value = self._item(source, key, node)
                if is_config_type(type(value)):
                    if recursive:
                        value = with_convert(self._read(value, (*home, key), convert, True), convert)
                    else:
                        value = Raw(omega.resolve_copy(value), convert)
            kwargs[key] = value
        if self._overlay and not home:
            kwargs.update(self._overlay)
        places.leave(source)
        return places.add(source, inherited, path, home, target, kwargs, convert, is_partial, declared)
