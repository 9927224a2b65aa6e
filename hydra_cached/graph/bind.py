"""Turns a place and the values of its children into the arguments of one call. Calls nothing itself."""

from __future__ import annotations

import functools
from collections.abc import Callable, Sequence
from typing import Any

from hydra_cached.errors import TargetError
from hydra_cached.graph.expression import EXPRESSIONS, Items, bind, own_positions
from hydra_cached.graph.kinds import is_config_type
from hydra_cached.graph.materialize import materialize
from hydra_cached.graph.node import Place
from hydra_cached.graph.omega_nodes import build_items
from hydra_cached.graph.parting import part_rings
from hydra_cached.graph.paths import full_key_of


class ArgumentsError(TargetError):
    """The arguments of a call cannot be collected."""


def bind_call(place: Place, value_of: Callable[[Place], Any]) -> Callable[[], Any]:
    """The call of ``place`` with all arguments built, still to be made.

    A partial call gives `functools.partial` of the target when made.

    Raises:
        ArgumentsError: ``_args_`` is not a sequence, or an item of it is missing.
        TargetError: a call in the arguments gave what the policy does not let a config have.
    """
    positional: Any = place.args
    kwargs = place.kwargs
    if place.guard is not None:
        for child in place.children:
            place.guard.check(child.index, value_of(child), target=place.target_id, path=".".join(map(str, place.path)))
    if not place.is_leaf:
        kwargs = {
            name: bind(value, value_of) if type(value) in EXPRESSIONS else value for name, value in kwargs.items()
        }
        if type(positional) is not tuple:
            positional = _bind_positional(place, value_of)
        for value in (*positional, *kwargs.values()):
            if is_config_type(type(value)):
                # its parent would drag the whole pipeline into every pickle of the argument
                value._set_parent(None)
        for name, written in place.kwargs.items():
            if type(written) is Items and written.is_unexpanded and is_config_type(type(kwargs[name])):
                # errors of OmegaConf tell it
                kwargs[name]._set_key(name)
    if place.is_partial:
        return functools.partial(functools.partial, place.target, *positional, **kwargs)
    call: Callable[[], Any] = functools.partial(place.target, *positional, **kwargs)
    if place.children and any(is_config_type(type(value)) for value in (*positional, *kwargs.values())):
        call = _PartingCall(place.target, positional, kwargs)
    return functools.partial(_call_and_read, call) if place.declared.is_materialized else call


class _PartingCall:
    """A call on containers of OmegaConf with results in them: once it gave a value, these go if nobody has kept them.

    Nodes and their container refer to each other, so that they would wait for the garbage collector.
    """

    def __init__(self, target: Callable[..., Any], args: Sequence[Any], kwargs: dict[str, Any]) -> None:
        self._target = target
        self._args = args
        self._kwargs = kwargs

    def __call__(self) -> Any:
        value = self._target(*self._args, **self._kwargs)
        configs = [each for each in (*self._args, *self._kwargs.values()) if is_config_type(type(each))]
        self._args, self._kwargs = (), {}
        part_rings(configs)
        return value


def _call_and_read(call: Callable[[], Any]) -> Any:
    return materialize(call())


def _bind_positional(place: Place, value_of: Callable[[Place], Any]) -> tuple[Any, ...]:
    written = place.args
    if type(written) is Items and written.keys is None and written.is_config and not written.is_unexpanded:
        return tuple(build_items([bind(each, value_of) for each in written.values], own_positions(written)))
    positional = bind(written, value_of)
    if not isinstance(positional, Sequence):
        raise ArgumentsError(
            f"Unsupported _args_ type: '{type(positional).__name__}'. value: '{positional}'",
            hint="_args_ is a list of positional arguments",
            path=".".join(map(str, place.path)),
            target=place.target_id,
            full_key=full_key_of(place.source, place.path),
        )
    try:
        return tuple(positional)
    except Exception as exc:
        from omegaconf import MissingMandatoryValue

        if not isinstance(exc, MissingMandatoryValue):
            raise
        raise ArgumentsError(
            str(exc),
            hint="set it in the config",
            path=".".join(map(str, place.path)),
            target=place.target_id,
            full_key=full_key_of(place.source, place.path),
        ) from exc
