"""Dotted ids and the callables behind them: finding, naming, marking, checking a call. Calls no target."""

from hydra_cached.targets.exclusions import resolve_exclusions
from hydra_cached.targets.identity import target_id
from hydra_cached.targets.locate import check_callable, locate_target
from hydra_cached.targets.marks import Marks, env, marks_of, not_cached, not_deterministic, version
from hydra_cached.targets.signature import check_call

__all__ = [
    "Marks",
    "check_call",
    "check_callable",
    "env",
    "locate_target",
    "marks_of",
    "not_cached",
    "not_deterministic",
    "resolve_exclusions",
    "target_id",
    "version",
]
