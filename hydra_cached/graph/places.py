"""Collects places while a config is read: indices, paths, targets found once, and rings. Shared by both readers."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

from hydra_cached.errors import ConfigError, TargetError
from hydra_cached.graph.expression import EXPRESSIONS, Items, Raw, Ref, places_below
from hydra_cached.graph.kinds import hydra_version, is_config_type
from hydra_cached.graph.node import Place
from hydra_cached.graph.origins import Origins
from hydra_cached.graph.paths import KeyPath, Link, full_key_of, mark_place, spread
from hydra_cached.graph.rings import RingError, spell_ring
from hydra_cached.targets import (
    UNCHECKED,
    ArgumentGuard,
    Marks,
    TargetPolicy,
    check_identity,
    check_name,
    locate_target,
    marks_of,
    target_id,
)

MODE_KEYS = ("_recursive_", "_convert_", "_partial_", "_isolate_")
# keys that list names, and what they declare
_LISTS = {"_env_": "env", "_input_files_": "inputs", "_output_files_": "outputs", "_depends_on_": "depends_on"}
_LIMITS = {"_retries_": "retries", "_timeout_s_": "timeout_s"}
_FLAGS = {"_cache_result_": "is_cached", "_not_deterministic_": "is_deterministic", "_materialize_": "is_materialized"}
DECLARING_KEYS = ("_version_", *_FLAGS, "_resources_", *_LISTS, *_LIMITS)
SPECIAL_KEYS = frozenset({"_target_", *MODE_KEYS, *DECLARING_KEYS})


class Places:
    """What was read so far.

    Args:
        is_sharing: False gives every reference a place of its own.
        root_args: positional arguments that the caller gives the call at the root.
        policy: which targets the config may call.
        origins: of what is read, where that is a copy of the caller's config.
    """

    origins: Origins | None = None

    def __init__(self, is_sharing: bool, root_args: tuple[Any, ...] = (), policy: TargetPolicy = UNCHECKED) -> None:
        self.places: list[Place] = []
        # where each was found; None stands for the one path where it is written
        self.paths: list[list[Link] | None] = []
        self.is_sharing = is_sharing
        self.root_args = root_args
        self.policy = policy
        self._guard = ArgumentGuard(policy) if policy.is_enforced else None
        self._known: dict[tuple[int, str, bool], Place] = {}
        self._open: dict[int, Link] = {}
        self._targets: dict[Any, tuple[Any, str, Marks]] = {}
        # what resolvers made must not be collected while ids are compared: they would be used again
        self._alive: list[Any] = []

    def known(self, source: Any, convert: str, recursive: bool, path: Link) -> Ref | None:
        """A reference to the place that ``source`` became already, if it did under the same modes."""
        place = self._known.get((id(source), convert, recursive)) if self.is_sharing else None
        if place is None:
            return None
        found = self.paths[place.index]
        if found is None:
            self.paths[place.index] = [place.link, path]
        else:
            found.append(path)
        return Ref(place, "none")

    def add(
        self,
        source: Any,
        inherited: tuple[str, bool],
        path: Link,
        home: Link,
        target: tuple[Any, str, Marks],
        kwargs: dict[str, Any],
        convert: str,
        is_partial: bool,
        declared: Marks,
    ) -> Ref:
        """A new place: ``path`` is where it was found, ``home`` where it is written."""
        args = kwargs.pop("_args_", ())
        if self.root_args and home is None and is_positional(args):
            args = self.root_args
        is_leaf = (
            type(args) is tuple
            and not declared.is_materialized
            and not any(is_config_type(type(each)) for each in args)
        )
        for value in kwargs.values():
            if type(value) in EXPRESSIONS:
                is_leaf = False
                break
        place = Place(
            len(self.places),
            target[0],
            target[1],
            args,
            kwargs,
            convert,
            is_partial,
            declared,
            home,
            source,
            () if is_leaf else places_below((args, *kwargs.values())),
            is_leaf,
            source if self.origins is None else self.origins.of(source, home),
            self._guard,
        )
        self.places.append(place)
        self.paths.append(None if path is home else [path])
        if self.is_sharing and declared.is_cached:
            self._known[id(source), inherited[0], inherited[1]] = place
        return Ref(place, "none")

    def target(self, written: Any, home: Link, source: Any) -> tuple[Any, str, Marks]:
        """The callable that ``_target_`` names, its id and its marks. Looked for, and checked, once per spelling.

        Raises:
            TargetError: it cannot be imported, is not callable or is refused.
        """
        is_name = isinstance(written, str)
        known = self._targets.get(written if is_name else id(written))
        if known is not None:
            return known
        path = spread(home)
        dotted = ".".join(map(str, path))
        try:
            if is_name:
                check_name(written, self.policy, path=dotted)
            target = locate_target(written, path=dotted) if is_name else written
            if not callable(target):
                raise TargetError(
                    f"Expected a callable target, got '{target}' of type '{type(target).__name__}'",
                    hint="_target_ names a function, a class or another callable",
                    path=dotted,
                    target=str(written),
                )
            # the spelled name wins where the callable itself has no importable one
            found = (target, target_id(written if is_name else target), marks_of(target))
            check_identity(target, found[1], written if is_name else "", self.policy, path=dotted)
        except TargetError as exc:
            exc.full_key = full_key_of(source, path)
            exc.target = f"{written}"
            raise
        self._targets[written if is_name else id(written)] = found
        return found

    # --- rings --------------------------------------------------------------------------------------------------

    def enter(self, source: Any, path: Link) -> None:
        """Begin to read a container.

        Raises:
            RingError: it is being read already, so it contains itself.
        """
        if id(source) in self._open:
            start = list(self._open).index(id(source))
            ring = [spread(link) for link in (*list(self._open.values())[start:], self._open[id(source)])]
            raise RingError(spell_ring(ring))
        self._open[id(source)] = path
        self._alive.append(source)

    def leave(self, source: Any) -> None:
        del self._open[id(source)]


def is_positional(args: Any) -> bool:
    """Whether ``_args_`` can be a sequence. What a call gives is not known yet."""
    if type(args) is Items:
        return args.keys is None
    return type(args) is Ref or isinstance(args.config if type(args) is Raw else args, Sequence)


def declare(marks: Marks, written: dict[str, Any], home: Link) -> Marks:
    """The target's marks with the config's special keys laid over them.

    Raises:
        ConfigError: a key has a value that it cannot have.
    """
    try:
        return _declare(marks, written, home)
    except ConfigError as exc:
        exc.path = ".".join(map(str, spread(home)))
        raise


def _declare(marks: Marks, written: dict[str, Any], home: Link) -> Marks:
    changes: dict[str, Any] = {}
    for key, value in written.items():
        where = f"{key} at {'.'.join(map(str, spread(home))) or 'the root'}"
        if key in _FLAGS:
            if not isinstance(value, bool):
                raise ConfigError(f"{where} must be true or false, got {value!r}", hint=f"write {key}: true")
            changes[_FLAGS[key]] = value != (key == "_not_deterministic_")
        elif key == "_version_":
            changes["version"] = str(value)
        elif key in _LIMITS:
            changes[_LIMITS[key]] = _read_limit(key, value, where)
        elif key == "_resources_":
            changes["resources"] = _read_resources(value, where)
        else:
            names = () if value is None else [value] if isinstance(value, str) else value
            takes_code = key == "_depends_on_"
            if not isinstance(names, Sequence) or not all(
                (isinstance(name, str) and name) or (takes_code and callable(name)) for name in names
            ):
                raise ConfigError(f"{where} must be a list of names, got {value!r}", hint=f"write {key}: [NAME, ...]")
            # an empty list of inputs says that there are none
            before = () if key == "_input_files_" and not names else getattr(marks, _LISTS[key]) or ()
            changes[_LISTS[key]] = (*before, *names)
    return replace(marks, **changes)


def is_argument(key: str) -> bool:
    """Whether a special key is none to the installed Hydra: `_isolate_` came with 1.4."""
    return key == "_isolate_" and hydra_version() < (1, 4)


def _read_limit(key: str, value: Any, where: str) -> Any:
    is_number = isinstance(value, (int, float)) and not isinstance(value, bool)
    if key == "_retries_" and not (is_number and isinstance(value, int) and value >= 0):
        raise ConfigError(f"{where} must be a number of times, got {value!r}", hint=f"write {key}: 3")
    if key == "_timeout_s_" and not (value is None or (is_number and value > 0)):
        raise ConfigError(f"{where} must be a number of seconds, got {value!r}", hint=f"write {key}: 60")
    return value


def _read_resources(value: Any, where: str) -> tuple[tuple[str, float], ...]:
    items = list(value.items()) if isinstance(value, Mapping) else None
    if items is None or not all(
        isinstance(name, str) and isinstance(amount, (int, float)) and not isinstance(amount, bool) and amount > 0
        for name, amount in items
    ):
        raise ConfigError(f"{where} must map names to amounts, got {value!r}", hint="write _resources_: {GPU: 1}")
    return tuple(sorted((name, float(amount)) for name, amount in items))


def mode_name(written: Any) -> str:
    """A ``_convert_`` mode as text, whether given as text, in capitals perhaps, or as Hydra's enum."""
    return str(getattr(written, "value", written)).lower()


def check_flag(name: str, value: Any, full_key: str, path: KeyPath) -> None:
    """
    Args:
        path: of the container that the mode is written in.

    Raises:
        TypeError: a mode that must be true or false is neither; the message is Hydra's.
    """
    if not isinstance(value, bool):
        where = f"\nfull_key: {full_key}" if full_key else ""
        error = TypeError(f"Instantiation: {name} flag must be a bool, got {type(value)}{where}")
        mark_place(error, (*path, name))
        raise error
