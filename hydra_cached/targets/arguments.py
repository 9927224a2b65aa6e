"""Checks what calls give each other: a callable that a config may not name must not reach it as a result either.

`operator.getitem` on the right dict gives `eval`, which `map` would call. So results that are handed on are looked at,
builtin containers all the way down: denied callables, modules and Python's own inner objects are refused. What other
objects hold inside is theirs.
"""

from __future__ import annotations

import functools
from types import BuiltinFunctionType, CodeType, FrameType, FunctionType, ModuleType, TracebackType
from typing import Any

from hydra_cached.errors import TargetError
from hydra_cached.targets.denied import LOOKUPS
from hydra_cached.targets.held import find_held
from hydra_cached.targets.identity import claimed_id
from hydra_cached.targets.policy import TargetPolicy, find_denial, guarded_id, public_id, spell_option

_INNER = (FrameType, CodeType, TracebackType)
# what its objects do was checked when they were made
_PLAIN = (type, FunctionType, BuiltinFunctionType)


class ArgumentGuard:
    """Looks at each result once, whoever gets it."""

    def __init__(self, policy: TargetPolicy) -> None:
        self.policy = policy
        self._checked: set[int] = set()

    def check(self, number: int, value: Any, *, target: str, path: str) -> None:
        """Refuse a result that the policy does not let ``target`` have.

        Args:
            number: the call that gave ``value``.

        Raises:
            TargetError: it is, or contains, what must not be called, or what leads to that.
        """
        if number in self._checked:
            return
        for each in find_held(value, _is_suspect):
            self._check_one(each, target, path)
        self._checked.add(number)

    def _check_one(self, value: Any, target: str, path: str) -> None:
        if isinstance(value, ModuleType):
            entry = value.__name__
            denial = find_denial(entry, self.policy, "would give more than is checked")
            what = f"the module {entry}"
        elif isinstance(value, _INNER):
            what = entry = type(value).__name__
            denial = "leads into Python's own workings"
        else:
            what = entry = public_id(guarded_id(value) or _claimed(value))
            denial = find_denial(entry, self.policy)
            if denial is None and entry in LOOKUPS and isinstance(value, _PLAIN):
                denial = find_denial(entry, self.policy, "could take any name, once it is called")
        if denial is None:
            return
        where = f"at {path}" if path else "at the root"
        option = spell_option([entry, *(self.policy.allow or ["*"])], self.policy)
        raise TargetError(
            f'target "{target}" {where} is refused: its argument is {what}, which {denial}',
            hint=f"allow it with {option} if you trust this config",
            path=path,
            target=target,
        )


@functools.lru_cache(maxsize=4096)
def _is_suspect(kind: type) -> bool:
    # every class has a __call__ of its metaclass
    return issubclass(kind, (type, ModuleType, *_INNER)) or any("__call__" in vars(base) for base in kind.__mro__)


def _claimed(value: Any) -> str:
    while isinstance(value, functools.partial):
        value = value.func
    return claimed_id(value)
