"""Reads the execution whitelists of Hydra 1.4 as policies of ours. Never imports Hydra, and needs none.

Hydra's whitelist is strict: what it does not list is refused. An entry is an exact name, or a package followed by `.*`.
The names looked at here (`_get_active_execution_whitelist`, the `whitelist` and `reset` of what
`hydra.utils.execution_whitelist` returns) were tested with hydra-core 1.4.0rc3.
"""

from __future__ import annotations

import re
import sys
from collections.abc import Iterable
from typing import Any

from hydra_cached.errors import UsageError
from hydra_cached.targets.policy import UNCHECKED, TargetPolicy

_ENTRY = re.compile(r"[^*?\[]*[^*?\[.](?:\.\*)?")
_UNSAFE = "UNSAFE_DISABLE_EXECUTION_CHECKS"


def policy_from_whitelist(value: Any) -> TargetPolicy:
    """The policy that a value for Hydra's `_execution_whitelist_` asks for, the surrounding one taken into account.

    One difference: where Hydra refuses for good what runs code (`os.system`), an exact entry of ours allows it, because
    it comes from the caller's own code.

    Args:
        value: a name, several, what `hydra.utils.execution_whitelist` returns, `UNSAFE_DISABLE_EXECUTION_CHECKS`, or
            None, which leaves it to the `with execution_whitelist(...)` around the call, if there is one.

    Raises:
        UsageError: an entry is empty, or a wildcard that Hydra does not know.
    """
    active = sys.modules.get("hydra._internal.execution_policy")
    inherited = active._get_active_execution_whitelist() if active is not None else None
    is_alone = False
    if _is_from_hydra(value) and hasattr(value, "whitelist"):
        value, is_alone = value.whitelist, bool(value.reset)
    whitelists = [each for each in (value, None if is_alone else inherited) if each is not None]
    if not whitelists or any(_is_from_hydra(each) and repr(each) == _UNSAFE for each in whitelists):
        return UNCHECKED
    entries = [entry for each in whitelists for entry in _read_entries(each)]
    return TargetPolicy(tuple(dict.fromkeys(entries)), is_strict=True, option="allow=")


def _read_entries(value: Any) -> list[str]:
    entries = [value] if isinstance(value, str) else list(value) if isinstance(value, Iterable) else [value]
    for entry in entries:
        if not isinstance(entry, str) or _ENTRY.fullmatch(entry) is None:
            raise UsageError(
                f"invalid entry in _execution_whitelist_: {entry!r}",
                hint='write a name, as "mypkg.load", or a package, as "mypkg.*"',
            )
    return entries


def _is_from_hydra(value: Any) -> bool:
    return type(value).__module__.partition(".")[0] == "hydra"
