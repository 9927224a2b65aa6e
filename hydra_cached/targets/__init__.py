"""Dotted ids and the callables behind them: finding, naming, marking, allowing, checking a call. Calls no target."""

from hydra_cached.targets.arguments import ArgumentGuard
from hydra_cached.targets.exclusions import resolve_exclusions
from hydra_cached.targets.held import find_held, is_container
from hydra_cached.targets.identity import target_id
from hydra_cached.targets.locate import check_callable, locate_target
from hydra_cached.targets.marks import (
    Marks,
    depends_on,
    env,
    input_files,
    marks_of,
    not_cached,
    not_deterministic,
    output_files,
    version,
)
from hydra_cached.targets.policy import (
    UNCHECKED,
    TargetPolicy,
    allow_only,
    check_dependency,
    check_found,
    check_id,
    check_identity,
    check_name,
    may_be_named,
    refuse,
)
from hydra_cached.targets.signature import check_call
from hydra_cached.targets.whitelist import policy_from_whitelist

__all__ = [
    "UNCHECKED",
    "ArgumentGuard",
    "Marks",
    "TargetPolicy",
    "allow_only",
    "check_call",
    "check_callable",
    "check_dependency",
    "check_found",
    "check_id",
    "check_identity",
    "check_name",
    "depends_on",
    "env",
    "find_held",
    "input_files",
    "is_container",
    "locate_target",
    "marks_of",
    "may_be_named",
    "not_cached",
    "not_deterministic",
    "output_files",
    "policy_from_whitelist",
    "refuse",
    "resolve_exclusions",
    "target_id",
    "version",
]
