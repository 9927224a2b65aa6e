"""Decides what to reuse, what to run and why. Reads keys and the store; never executes and never writes."""

from hydra_cached.planning.conditions import ConditionChecker
from hydra_cached.planning.decision import (
    Context,
    Decision,
    Index,
    Known,
    LookUp,
    Policy,
    Status,
    decide,
    fault_reason,
    uncached_nodes,
)
from hydra_cached.planning.differences import Difference, explain, find_differences, find_nearest
from hydra_cached.planning.dry_run import Planned, draw_up, known_below
from hydra_cached.planning.reach import find_reachable
from hydra_cached.planning.reason import Reason, ReasonCode
from hydra_cached.planning.selection import choose_sample, find_above, find_node, find_nodes
from hydra_cached.planning.sharing import LITERAL, argument_positions, find_shared_holders, held_nodes
from hydra_cached.planning.survey import Survey, find_late, run_again, survey
from hydra_cached.planning.why import Change, Explanation, FileRole, explain_node
from hydra_cached.planning.written import read_call, write_call

__all__ = [
    "LITERAL",
    "Change",
    "ConditionChecker",
    "Context",
    "Decision",
    "Difference",
    "Explanation",
    "FileRole",
    "Index",
    "Known",
    "LookUp",
    "Planned",
    "Policy",
    "Reason",
    "ReasonCode",
    "Status",
    "Survey",
    "argument_positions",
    "choose_sample",
    "decide",
    "draw_up",
    "explain",
    "explain_node",
    "fault_reason",
    "find_above",
    "find_differences",
    "find_late",
    "find_nearest",
    "find_node",
    "find_nodes",
    "find_reachable",
    "find_shared_holders",
    "held_nodes",
    "known_below",
    "read_call",
    "run_again",
    "survey",
    "uncached_nodes",
    "write_call",
]
