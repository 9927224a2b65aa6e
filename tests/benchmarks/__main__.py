"""Prints what was asked for and what is reached: `make bench`, or `python -m tests.benchmarks [--quick] [NAME ...]`."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterable
from importlib.metadata import version

from tests.benchmarks import (
    executors,
    fingerprinting,
    hashing,
    instantiating,
    keying,
    large_values,
    releasing,
    rerunning,
    scale,
    showing,
    starting,
    storing,
    sweeping,
)
from tests.benchmarks.measure import Line, print_table

LONG = frozenset({"million"})
"""What is measured only where it is named."""


def main(arguments: list[str]) -> None:
    rounds = 3 if "--quick" in arguments else 9
    names = [each for each in arguments if each != "--quick"]
    groups: dict[str, tuple[str, Callable[[], Iterable[Line]]]] = {
        "trees": ("Many targets, against Hydra", lambda: instantiating.compare_trees(rounds)),
        "parts": ("One target of a large config, against Hydra", lambda: instantiating.compare_parts(rounds)),
        "lists": ("List arguments, against Hydra", lambda: instantiating.compare_lists(rounds)),
        "shared": ("A shared node", instantiating.count_shared_calls),
        "growth": ("Growth", instantiating.measure_growth),
        "shown": ("A run on a terminal", lambda: showing.compare_shown_runs(rounds)),
        "keys": ("Keys", lambda: keying.measure_keys(rounds)),
        "code": ("Fingerprints of code", lambda: fingerprinting.measure_fingerprints(rounds)),
        "digests": ("Digests of large values, one thread each", lambda: hashing.compare_bulk(rounds)),
        "objects": ("Digests of many small objects", lambda: hashing.compare_small_objects(rounds)),
        "hits": ("Small results, found, against diskcache", lambda: storing.compare_hits(rounds)),
        "puts": ("Small results, stored, against diskcache", lambda: storing.compare_puts(rounds)),
        "checks": ("The price of trust", lambda: storing.compare_checks(rounds)),
        "reruns": ("A thousand small calls run again, without recipes", lambda: rerunning.compare_reruns(rounds)),
        "scale": ("A store with 100,000 entries", lambda: scale.measure_scale(100_000, rounds)),
        "million": ("A store with 1,000,000 entries", lambda: scale.measure_scale(1_000_000, rounds)),
        "storing": ("Large values, stored", lambda: large_values.compare_storing(rounds)),
        "loading": ("Large values, loaded", lambda: large_values.compare_loading(rounds)),
        "chains": ("Large results of a long pipeline", releasing.measure_chains),
        "memory": ("Large values, memory", large_values.measure_memory),
        "sweeps": ("Sweeps, against Hydra's multirun", lambda: sweeping.compare_sweeps(max(1, rounds // 3))),
        "executors": ("Many calls at once", lambda: executors.compare_executors(rounds)),
        "starts": ("Start-up, whole processes", lambda: starting.compare_starts(2 * rounds)),
    }
    if unknown := sorted({*arguments} - {"--quick", *groups}):
        raise SystemExit(f"there is no {', '.join(unknown)}; there are {', '.join(groups)}, and --quick")
    print(f"Python {sys.version.split()[0]}, hydra-core {version('hydra-core')}, omegaconf {version('omegaconf')}")
    for name, (title, compare) in groups.items():
        if name in names or not (names or name in LONG):
            print_table(title, list(compare()))


if __name__ == "__main__":
    main(sys.argv[1:])
