"""Writes projects, and runs scripts that fingerprint them in processes of their own."""

from __future__ import annotations

import textwrap
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from tests.fingerprint.processes import run_python

WORLD_RUN = """
import ast, json, sys
from collections import namedtuple
from functools import lru_cache
from hydra_cached.fingerprint import CodeFingerprints
from tests.fingerprint.projects import FileMemo
sys.path.insert(0, sys.argv[1])
import pack, registry, steps, tools
run = steps.run
exec(sys.argv[3])
memo = FileMemo(sys.argv[2])
targets = [run] if len(sys.argv) < 5 else [getattr(steps, name) for name in sys.argv[4].split()]
parse, parsed = ast.parse, []
ast.parse = lambda *args, **options: parsed.append(args) or parse(*args, **options)
code = CodeFingerprints(memo)
with_memo = [code.of(target) for target in targets]
code.flush()
memo.save()
count = len(parsed)
plain = CodeFingerprints()
print(json.dumps([with_memo, [plain.of(target) for target in targets], memo.asked, count]))
"""
"""Runs some code; then fingerprints of functions of `steps` with and without a memo, rows asked for, texts parsed."""


def write(folder: Path, files: Mapping[str, str]) -> None:
    for name, text in files.items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(textwrap.dedent(text).lstrip(), encoding="utf-8")


def run_script(script: str, *arguments: str, options: tuple[str, ...] = (), seed: int = 0) -> Any:
    return run_python(*options, "-c", script, *arguments, seed=seed)
