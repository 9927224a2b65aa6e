"""Computes digests in another process, with another seed for the hashes of strings.

As a program: reads a pickled list of values from a file, or takes all samples, and writes their digests.
"""

from __future__ import annotations

import json
import pickle
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from tests.fingerprint.processes import run_python


def all_samples() -> list[Any]:
    """Every value of the tables of samples."""
    from tests.fingerprint import samples, samples_of_arrays, samples_of_builtins

    tables = [
        table
        for module in (samples_of_builtins, samples_of_arrays)
        for table in (module.pairs_that_differ(), module.pairs_that_are_equal())
    ]
    return [*samples.many_values(), *(value for table in tables for pair in table.values() for value in pair)]


def digests_elsewhere(seed: int, values: Sequence[Any] | None = None, *, folder: Path | None = None) -> list[str]:
    """Digests of ``values`` (by way of a pickle in ``folder``), or of all samples, in a fresh process."""
    arguments = []
    if values is not None and folder is not None:
        path = folder / "values.pickle"
        path.write_bytes(pickle.dumps(list(values), 5))
        arguments.append(str(path))
    found: list[str] = run_python("-W", "ignore", "-m", "tests.fingerprint.elsewhere", *arguments, seed=seed)
    return found


if __name__ == "__main__":
    from hydra_cached.fingerprint import CodeFingerprints, digest_value

    read = pickle.loads(Path(sys.argv[1]).read_bytes()) if sys.argv[1:] else all_samples()
    memo = CodeFingerprints()
    print(json.dumps([digest_value(value, memo) for value in read]))
