"""What it costs to find out that no code has changed: a project of 200 modules, run by the command in new processes."""

from __future__ import annotations

import json
import os
import statistics
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

from tests.benchmarks.measure import Line, below, shown
from tests.benchmarks.projects import write_project

MODULES = 200
TARGETS = 20
# the command with a clock around all that it asks of fingerprints of code; then the same without a store, where what
# files say is known already
TIMED_RUN = """
import json, sys, time
from hydra_cached.fingerprint import CodeFingerprints

seconds, depth, targets = 0.0, 0, []

def timed(name):
    method = getattr(CodeFingerprints, name)
    def wrapper(self, *args, **options):
        global seconds, depth
        if name == "of_called" and args[0] not in targets:
            targets.append(args[0])
        depth += 1
        started = time.perf_counter()
        try:
            return method(self, *args, **options)
        finally:
            depth -= 1
            seconds += 0.0 if depth else time.perf_counter() - started
    setattr(CodeFingerprints, name, wrapper)

for name in "__init__ of of_called named named_module collect reference body flush read_ahead settle".split():
    timed(name)
from hydra_cached.cli import main
report, sys.argv = sys.argv[1], ["hydra-cached", *sys.argv[2:]]
try:
    main()
finally:
    first = seconds
    for _ in range(2):
        seconds, again = 0.0, CodeFingerprints()
        digests = [again.of_called(target) for target in targets]
    with open(report, "w") as stream:
        json.dump([first, seconds, digests], stream)
"""


def measure_fingerprints(rounds: int) -> Iterator[Line]:
    """The time of all fingerprints of a run in which nothing has to be done, its imports left out."""
    with tempfile.TemporaryDirectory() as folder:
        write_project(Path(folder), MODULES)
        _write_pipeline(Path(folder))
        # what is compiled is the first run's to write
        _run(folder, "other")
        cold, _, digests = _run(folder, "cache")
        second = _run(folder, "cache")
        warm = [_run(folder, "cache") for _ in range(max(rounds, 5))]
        assert all(each[2] == digests for each in (second, *warm))
    yield shown(f"{MODULES} modules of eleven definitions, nothing remembered", f"{cold * 1e3:.0f} ms")
    yield below("a new process, nothing changed", 50, statistics.median(each[0] for each in warm) * 1e3, " ms")
    yield shown(
        "everything looked at again, but no file", f"{statistics.median(each[1] for each in warm) * 1e3:.0f} ms"
    )


def _write_pipeline(folder: Path) -> None:
    """A chain of calls, of which the last reaches all modules."""
    config: dict[str, object] = {"_target_": f"generated.part_{MODULES - 1}.step_{MODULES - 1}", "values": [1.0, 2.0]}
    for number in range(TARGETS - 2, -1, -1):
        config = {"_target_": f"generated.part_{number}.step_{number}", "values": [1.0, config]}
    Path(folder, "pipeline.py").write_text(f"config = {json.dumps(config)}\n")


def _run(folder: str, cache: str) -> tuple[float, float, list[str]]:
    report = os.path.join(folder, "report.json")
    subprocess.run(
        [sys.executable, "-c", TIMED_RUN, report, "run", "pipeline", "-p", "-c", cache, "-l", "ERROR"],
        cwd=folder,
        check=True,
    )
    with open(report, encoding="utf-8") as stream:
        first, again, digests = json.load(stream)
    return first, again, digests
