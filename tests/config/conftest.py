from __future__ import annotations

import sys
import textwrap
from collections.abc import Iterator
from pathlib import Path
from types import ModuleType

import pytest


class Folder:
    """The working directory of a user; what is imported from it is forgotten after the test."""

    def __init__(self, root: Path) -> None:
        self.root = root

    def write(self, name: str, text: str = "") -> Path:
        path = self.root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(textwrap.dedent(text), encoding="utf-8")
        return path


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Folder]:
    root = tmp_path / "project"
    root.mkdir()
    monkeypatch.chdir(root)
    monkeypatch.setattr(sys, "path", list(sys.path))
    before = dict(sys.modules)
    yield Folder(root)
    # all are found before one goes: the path of a namespace package cannot be read once its parent is gone
    imported = [name for name, module in sys.modules.items() if name not in before and _lies_in(module, tmp_path)]
    for name in imported:
        del sys.modules[name]


def _lies_in(module: ModuleType, folder: Path) -> bool:
    places = [getattr(module, "__file__", None), *getattr(module, "__path__", ())]
    return any(place is not None and Path(place).is_relative_to(folder) for place in places)
