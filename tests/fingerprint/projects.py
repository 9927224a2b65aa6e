"""Fingerprints `steps.run` of many small projects in one fresh process.

As a program: takes a file of remembered rows, or "", and folders, and writes the fingerprint of each one's `steps.run`.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path

from tests.fingerprint.processes import run_python


def fingerprints(
    folder: Path, projects: Mapping[str, Mapping[str, str]], *, seed: int = 0, memo: Path | None = None
) -> dict[str, str]:
    """Write each project below ``folder`` and fingerprint its `steps.run`, by the project's name.

    Args:
        folder: where they are written, over what was there.
        projects: texts by path, by name.
        seed: for the hashes of strings.
        memo: a file of what is remembered between processes.
    """
    places = [folder / f"p{number}" for number in range(len(projects))]
    for place, files in zip(places, projects.values(), strict=True):
        for name, text in files.items():
            (place / name).parent.mkdir(parents=True, exist_ok=True)
            path = place / name
            if not path.exists() or path.read_text(encoding="utf-8") != text:
                path.write_text(text, encoding="utf-8")
    found = run_python("-m", "tests.fingerprint.projects", str(memo or ""), *map(str, places), seed=seed)
    return dict(zip(projects, found, strict=True))


class FileMemo:
    """Rows in a file."""

    def __init__(self, path: str) -> None:
        self._path = Path(path)
        self._rows = json.loads(self._path.read_text()) if self._path.exists() else {}
        self._is_new = False
        self.asked = 0

    def recall(self, keys: Sequence[str]) -> dict[str, bytes]:
        self.asked += len(keys)
        return {key: bytes.fromhex(self._rows[key]) for key in keys if key in self._rows}

    def remember(self, items: Mapping[str, bytes]) -> None:
        self._rows.update({key: row.hex() for key, row in items.items()})
        self._is_new = True

    def save(self) -> None:
        if self._is_new:
            self._path.write_text(json.dumps(self._rows))


def _fingerprint(folder: str, memo: FileMemo | None) -> str:
    import importlib

    from hydra_cached.fingerprint import CodeFingerprints

    before = set(sys.modules)
    sys.path.insert(0, folder)
    importlib.invalidate_caches()
    try:
        code = CodeFingerprints(memo)
        digest = code.of(importlib.import_module("steps").run)
        code.flush()
        return digest
    finally:
        sys.path.remove(folder)
        for name in set(sys.modules) - before:
            if str(getattr(sys.modules[name], "__file__", "")).startswith(folder):
                del sys.modules[name]


if __name__ == "__main__":
    # first of all, so that what it finds was there before
    import hydra_cached.fingerprint  # noqa: F401

    rows = FileMemo(sys.argv[1]) if sys.argv[1] else None
    print(json.dumps([_fingerprint(folder, rows) for folder in sys.argv[2:]]))
    if rows is not None:
        rows.save()
