"""Past runs: what ran, when, hit or miss and why, and how two of them differ. Looks back; decides nothing."""

from hydra_cached.history.compare import Comparison, Difference, compare_runs
from hydra_cached.history.runs import PastNode, PastRun, RunHead, list_heads, load_run, record_run

__all__ = [
    "Comparison",
    "Difference",
    "PastNode",
    "PastRun",
    "RunHead",
    "compare_runs",
    "list_heads",
    "load_run",
    "record_run",
]
