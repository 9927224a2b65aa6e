"""What is remembered between runs makes fingerprints quicker, and never others."""

from __future__ import annotations

import ast
import json
import os
import sys
import time
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

import pytest

from hydra_cached.fingerprint import CodeFingerprints
from tests.fingerprint.all_edits import CASES
from tests.fingerprint.cases import variants
from tests.fingerprint.projects import fingerprints

Project = Callable[[Mapping[str, str]], Path]


class Memo:
    """Keeps rows in a dict, and counts what it is asked."""

    def __init__(self) -> None:
        self.rows: dict[str, bytes] = {}
        self.recalled: list[str] = []
        self.remembered: list[str] = []

    def recall(self, keys: Sequence[str]) -> dict[str, bytes]:
        self.recalled.extend(keys)
        return {key: self.rows[key] for key in keys if key in self.rows}

    def remember(self, items: Mapping[str, bytes]) -> None:
        self.remembered.extend(items)
        self.rows.update(items)


STEPS = {
    "steps.py": "from tools import helper\n\nLIMIT = 3\n\ndef run(x):\n    return helper(x) + LIMIT\n",
    "tools.py": "def helper(x):\n    return x\n\ndef other(x):\n    return x\n",
}


def load(project: Project, files: Mapping[str, str]) -> object:
    for name in ("steps", "tools"):
        sys.modules.pop(name, None)
    project(files)
    return __import__("steps").run


@pytest.mark.parametrize("seed", [1, 2])
def test_fingerprints_are_the_same_with_and_without_a_memo_after_every_edit(tmp_path: Path, seed: int) -> None:
    """Each project is fingerprinted before its edit, which fills the memo, and in another process after it."""
    projects = dict(variants(CASES))
    before = {name: projects[name.partition(":")[0]] for name in projects}
    rows = tmp_path / "rows"
    first = fingerprints(tmp_path / "here", before, seed=seed, memo=rows)
    after = fingerprints(tmp_path / "here", projects, seed=seed + 10, memo=rows)
    assert first == fingerprints(tmp_path / "there", before)
    assert after == fingerprints(tmp_path / "elsewhere", projects)
    # and once more, with all of it remembered
    assert after == fingerprints(tmp_path / "here", projects, seed=seed, memo=rows)


def test_nothing_is_read_again_when_nothing_changed(tmp_path: Path) -> None:
    rows = tmp_path / "rows"
    first = fingerprints(tmp_path, {"steps": STEPS}, memo=rows)
    written = rows.stat().st_mtime_ns
    assert fingerprints(tmp_path, {"steps": STEPS}, memo=rows) == first
    assert rows.stat().st_mtime_ns == written


def test_rows_are_handed_over_once_and_at_the_end(project: Project) -> None:
    memo = Memo()
    code = CodeFingerprints(memo)
    code.of(load(project, STEPS))
    assert memo.remembered == []
    code.flush()
    count = len(memo.remembered)
    code.flush()
    assert len(memo.remembered) == count > 0


def test_keys_are_hexadecimal_and_rows_are_no_pickles(project: Project) -> None:
    memo = Memo()
    code = CodeFingerprints(memo)
    code.of(load(project, STEPS))
    code.flush()
    for key, row in memo.rows.items():
        assert len(key) == 64
        assert set(key) <= set("0123456789abcdef")
        json.loads(row[32:])


@pytest.mark.parametrize("damage", ["cut", "other", "empty", "json", "swapped"])
def test_damaged_rows_are_read_again(project: Project, damage: str) -> None:
    memo = Memo()
    run = load(project, STEPS)
    code = CodeFingerprints(memo)
    digest = code.of(run)
    code.flush()
    rows = list(memo.rows.values())
    for index, key in enumerate(memo.rows):
        row = memo.rows[key]
        memo.rows[key] = {
            "cut": row[:-1],
            "other": row[:-2] + b"zz",
            "empty": b"",
            "json": b'{"functions": 1}',
            "swapped": rows[index - 1],
        }[damage]
    run = load(project, STEPS)
    assert CodeFingerprints(memo).of(run) == digest


def test_a_memo_that_forgets_everything_does_no_harm(project: Project) -> None:
    class Forgetful(Memo):
        def recall(self, keys: Sequence[str]) -> dict[str, bytes]:
            return {}

    run = load(project, STEPS)
    assert CodeFingerprints(Forgetful()).of(run) == CodeFingerprints().of(run)


def test_a_module_that_a_text_names_is_parsed_once(project: Project, monkeypatch: pytest.MonkeyPatch) -> None:
    files = {"whole/__init__.py": "import whole.part\n", "whole/part.py": "X = 1\n"}
    path = project(files) / "whole" / "part.py"
    parsed = []
    parse = ast.parse

    def count(text: str, file: str) -> ast.Module:
        parsed.append(file)
        return parse(text, file)

    monkeypatch.setattr(ast, "parse", count)

    def fingerprint(memo: Memo | None) -> str:
        code = CodeFingerprints(memo)
        digest = code.of(code.named("whole.part"))
        code.flush()
        return digest

    memo = Memo()
    before = fingerprint(memo)
    # what was written just now may be written again without a trace
    assert fingerprint(memo) == before
    assert len(parsed) == 4
    time.sleep(2.1)
    assert fingerprint(memo) == fingerprint(memo) == before
    assert len(parsed) == 6
    status = path.stat()
    path.write_text("X = 2\n")
    os.utime(path, ns=(status.st_atime_ns, status.st_mtime_ns))
    assert fingerprint(memo) == fingerprint(None) != before
