"""Reads pipelines that are OmegaConf containers, node by node. Resolves interpolations one by one where they stand."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from hydra_cached.graph import omega
from hydra_cached.graph.expression import PLAIN_MODES, Items, Raw, Ref, set_convert
from hydra_cached.graph.kinds import hydra_version, is_config_type
from hydra_cached.graph.omega import UNSURE, read_leaf
from hydra_cached.graph.paths import KeyPath, Link, full_key_of, key_path_of, make_link, mark_place
from hydra_cached.graph.places import (
    DECLARING_KEYS,
    MODE_KEYS,
    SPECIAL_KEYS,
    Places,
    check_flag,
    declare,
    is_argument,
    mode_name,
)


class NeedsCopyError(Exception):
    """The config cannot be read as it is: the caller's arguments, or results of resolvers, must be put into a copy."""


class OmegaReader:
    """Turns OmegaConf containers into expressions, and the calls in them into places.

    Args:
        is_own: the config is nobody else's, so that it may be changed.
    """

    def __init__(self, places: Places, *, is_own: bool) -> None:
        self._places = places
        self._is_own = is_own
        self._root: Any = None
        self._base: KeyPath = ()
        self._overlay: dict[str, Any] = {}
        self._has_resolvers: bool | None = None

    def read_root(self, config: Any, overlay: dict[str, Any], *, list_modes: Mapping[str, Any] | None = None) -> Any:
        """The expression of a whole config.

        Args:
            overlay: leaves that the caller sets at the top.
            list_modes: the modes that the caller gives for a config that is a list.

        Raises:
            NeedsCopyError: laying ``overlay`` over the config is not all that merging would do; or the config calls
                resolvers and is not ours.
        """
        self._root = config
        self._base = key_path_of(config)
        content = omega.content_of(config)
        if isinstance(content, list):
            modes = list_modes or {}
            if overlay:
                raise NeedsCopyError
            convert = mode_name(modes.get("_convert_", "none"))
            is_partial = modes.get("_partial_", False)
            if is_partial:
                from hydra.errors import InstantiationException

                omega.resolve_copy(config)
                raise InstantiationException(
                    "The _partial_ keyword is not compatible with top-level list instantiation"
                )
            check_flag("_partial_", is_partial, full_key_of(config, ()), ())
            return self._read_container(config, None, None, convert, modes.get("_recursive_", True))
        if overlay:
            self._check_overlay(config, content, overlay)
            self._overlay = overlay
        if content is not None and "_target_" not in content:
            return self._read_dict(config, content, None, "none", True, is_root=True)
        return self._read_container(config, None, None, "none", True)

    def _check_overlay(self, config: Any, content: Any, overlay: dict[str, Any]) -> None:
        if content is None or "_target_" not in content or omega.object_type_of(config) is not None:
            raise NeedsCopyError
        for key in overlay:
            if key in SPECIAL_KEYS or (key in content and read_leaf(content[key]) is UNSURE):
                raise NeedsCopyError
            if key in content and type(content[key]).__name__ != "AnyNode":
                raise NeedsCopyError

    def _item(self, source: Any, key: Any, node: Any, is_final: bool | None = None) -> Any:
        """The value of one child: a leaf, or a container in its own place.

        Args:
            is_final: see `omega.read_item`; None does as the installed Hydra.
        """
        value = read_leaf(node)
        if value is not UNSURE:
            return value
        if is_config_type(type(node)) and isinstance(node.__dict__["_content"], (dict, list)):
            return node
        try:
            return self._closer_item(source, key, node, is_final)
        except Exception as exc:
            mark_place(exc, (*self._path_of(source), key))
            raise

    def _closer_item(self, source: Any, key: Any, node: Any, is_final: bool | None) -> Any:
        if not omega.is_reference(node):
            return omega.read_item(source, key)
        if self._overlay:
            # it may refer to what the caller overrides
            raise NeedsCopyError
        is_final = hydra_version() < (1, 4) if is_final is None else is_final
        if not self._calls_resolvers():
            return omega.read_item(source, key, is_final=is_final)
        if not self._is_own:
            raise NeedsCopyError
        read = omega.settle_item if omega.is_below(source, self._root) else omega.read_item
        return read(source, key, is_final=is_final)

    def _calls_resolvers(self) -> bool:
        if self._has_resolvers is None:
            self._has_resolvers = omega.has_resolvers(self._root)
        return self._has_resolvers

    def _read(self, value: Any, path: tuple[Link, Any], convert: str, recursive: Any, parent: Any) -> Any:
        if not is_config_type(type(value)):
            return value
        # climbing to the root costs its depth: only where a reference led elsewhere
        is_here = value.__dict__["_parent"] is parent and value.__dict__["_metadata"].key == path[1]
        home = path if is_here else self._home(value, path)
        return self._read_container(value, path, home, convert, recursive)

    def _home(self, container: Any, path: Link) -> Link:
        """Where a container is written, seen from the root of the pipeline; ``path`` is where it was found."""
        return path if container._get_parent() is None else make_link(self._path_of(container))

    def _path_of(self, container: Any) -> KeyPath:
        """Where a container is written, seen from the root of the pipeline."""
        own, base = key_path_of(container), self._base
        return own[len(base) :] if own[: len(base)] == base else own

    def _read_container(self, source: Any, path: Link, home: Link, convert: str, recursive: Any) -> Any:
        content = omega.content_of(source)
        if content is None:
            return None
        if isinstance(content, dict):
            if "_target_" in content:
                return self._read_call(source, content, path, home, convert, recursive)
            return self._read_dict(source, content, home, convert, recursive)
        self._places.enter(source, home)
        # text in a config is an interpolation of it, whichever Hydra made the config
        is_final = True if convert not in PLAIN_MODES else None
        values = [
            self._read(self._item(source, i, node, is_final), (home, i), convert, recursive, source)
            for i, node in enumerate(content)
        ]
        self._places.leave(source)
        is_tuple = type(source).__name__ == "TupleConfig"
        return Items(None, tuple(values), is_config=convert not in PLAIN_MODES, is_tuple=is_tuple)

    def _modes(self, source: Any, content: Any, convert: str, recursive: Any) -> tuple[str, bool, bool]:
        convert = mode_name(self._mode(source, content, "_convert_", convert))
        recursive = self._mode(source, content, "_recursive_", recursive)
        is_partial = self._mode(source, content, "_partial_", False)
        if not (recursive is True and is_partial is False):
            full_key, path = full_key_of(source, ()), self._path_of(source)
            check_flag("_recursive_", recursive, full_key, path)
            check_flag("_partial_", is_partial, full_key, path)
        return convert, recursive, is_partial

    def _mode(self, source: Any, content: Any, key: str, inherited: Any) -> Any:
        node = content.get(key)
        # one that is missing is none to Hydra
        return inherited if node is None or omega.is_written_missing(node) else self._item(source, key, node)

    def _read_dict(
        self, source: Any, content: Any, home: Link, convert: str, recursive: Any, *, is_root: bool = False
    ) -> Items:
        convert, recursive, _ = self._modes(source, content, convert, recursive)
        self._places.enter(source, home)
        keys = tuple([key for key in content if not (is_root and key in MODE_KEYS and not is_argument(key))])
        is_final = True if convert not in PLAIN_MODES else None
        values = [
            self._read(self._item(source, key, content[key], is_final), (home, key), convert, recursive, source)
            for key in keys
        ]
        self._places.leave(source)
        object_type = omega.object_type_of(source)
        is_config = convert not in PLAIN_MODES or (convert != "all" and object_type is not None)
        return Items(keys, tuple(values), is_config, object_type, is_object=is_config and convert == "object")

    def _read_call(self, source: Any, content: Any, path: Link, home: Link, convert: str, recursive: Any) -> Ref:
        places = self._places
        known = places.known(source, convert, recursive, path)
        if known is not None:
            return known
        inherited = (convert, recursive)
        convert, recursive, is_partial = self._modes(source, content, convert, recursive)
        places.enter(source, home)
        written = self._item(source, "_target_", content["_target_"])
        if is_config_type(type(written)):
            # it cannot be called: how Hydra shows it
            written = omega.resolve_copy(written)
        target = places.target(written, home, source)
        kwargs: dict[str, Any] = {}
        declared = target[2]
        for key, node in content.items():
            if key in SPECIAL_KEYS and not is_argument(key):
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
                        value = set_convert(self._read(value, (home, key), convert, True, source), convert)
                    else:
                        self._settle_below(value)
                        value = Raw(omega.move(omega.resolve_copy(value), source, key), convert)
            kwargs[key] = value
        if self._overlay and home is None:
            kwargs.update(self._overlay)
        places.leave(source)
        return places.add(source, inherited, path, home, target, kwargs, convert, is_partial, declared)

    def _settle_below(self, container: Any) -> None:
        """Resolve what an unexpanded container refers to, so that no resolver is called again for its copy."""
        content = omega.content_of(container)
        if content is None:
            return
        # what stands above the part that is read stays as it is: resolved now, it would be resolved again
        is_left = not omega.is_below(container, self._root)
        self._places.enter(container, self._home(container, None))
        for key, node in list(content.items()) if isinstance(content, dict) else enumerate(content):
            if omega.is_missing(container, key) or (is_left and omega.is_reference(node)):
                continue
            value = self._item(container, key, node, is_final=False)
            if is_config_type(type(value)):
                self._settle_below(value)
        self._places.leave(container)
