"""Fingerprints `steps.run` of many small projects in one fresh process.

As a program: takes folders, and writes the fingerprint of each one's `steps.run`, or the error.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path

ROOT = Path(__file__).parents[2]


def fingerprints(folder: Path, projects: Mapping[str, Mapping[str, str]], *, seed: int = 0) -> dict[str, str]:
    """Write each project below ``folder`` and fingerprint its `steps.run`, by the project's name."""
    places = [folder / f"p{number}" for number in range(len(projects))]
    for place, files in zip(places, projects.values(), strict=True):
        for name, text in files.items():
            (place / name).parent.mkdir(parents=True, exist_ok=True)
            (place / name).write_text(text, encoding="utf-8")
    done = subprocess.run(
        [sys.executable, "-m", "tests.fingerprint.projects", *map(str, places)],
        cwd=ROOT,
        env={**os.environ, "PYTHONHASHSEED": str(seed)},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    return dict(zip(projects, json.loads(done.stdout), strict=True))


def _fingerprint(folder: str) -> str:
    import importlib

    from hydra_cached.fingerprint import CodeFingerprints

    before = set(sys.modules)
    sys.path.insert(0, folder)
    importlib.invalidate_caches()
    try:
        return CodeFingerprints().of(importlib.import_module("steps").run)
    finally:
        sys.path.remove(folder)
        for name in set(sys.modules) - before:
            if str(getattr(sys.modules[name], "__file__", "")).startswith(folder):
                del sys.modules[name]


if __name__ == "__main__":
    print(json.dumps([_fingerprint(folder) for folder in sys.argv[1:]]))
