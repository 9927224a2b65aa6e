"""Files that values name in whatever way count with their content for the calls that get the values."""

from __future__ import annotations

import functools
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import pytest

from hydra_cached import Store, run
from tests.reports import outcomes

STEPS = """
import collections
import functools
from pathlib import Path

import numpy as np
import pandas as pd
import polars as pl

class Named:
    def __init__(self, path):
        self.path = path

    def read(self):
        return Path(self.path).read_text()

class Slotted:
    __slots__ = ("path",)

    def __init__(self, path):
        self.path = path

def read(path):
    return Path(path).read_text()

def closed_over(path):
    return lambda: read(path)

MAKERS = {
    "deque": lambda path: collections.deque([path]),
    "UserDict": lambda path: collections.UserDict({path: 1}),
    "UserList": lambda path: collections.UserList([path]),
    "ChainMap": lambda path: collections.ChainMap({"x": path}),
    "key": lambda path: {path: 1},
    "Path key": lambda path: {Path(path): 1},
    "tuple key": lambda path: {(path, 1): 1},
    "partial": lambda path: functools.partial(read, path),
    "partial of a partial": lambda path: functools.partial(functools.partial(read, path=path)),
    "method": lambda path: Named(path).read,
    "closure": closed_over,
    "array": lambda path: np.array([path]),
    "array of objects": lambda path: np.array([Path(path), None], dtype=object),
    "frame": lambda path: pd.DataFrame({"n": [1], "p": [path]}),
    "series": lambda path: pd.Series([path]),
    "polars": lambda path: pl.DataFrame({"n": [1], "p": [path]}),
    "slot": Slotted,
    "set": lambda path: {frozenset([path])},
}

def make(kind, name):
    return MAKERS[kind](f"{name}.txt")

def use(held):
    return Path("data.txt").read_text()

def call(made):
    return made()
"""


@pytest.fixture
def folder(project: Callable[[Mapping[str, str]], Path]) -> Path:
    return project({"steps.py": STEPS, "data.txt": "one"})


def check(config: Any, folder: Path, store: Store) -> None:
    assert run(config, store=store).value == "one"
    assert outcomes(run(config, store=store))[""] == ("hit", "")
    (folder / "data.txt").write_text("two")
    changed = run(config, store=store)
    assert (changed.value, outcomes(changed)[""]) == ("two", ("ran", "input_file_changed"))
    assert outcomes(run(config, store=store))[""] == ("hit", "")


@pytest.mark.parametrize(
    "kind",
    [
        *(
            "deque",
            "UserDict",
            "UserList",
            "ChainMap",
            "key",
            "Path key",
            "tuple key",
            "partial",
            "partial of a partial",
        ),
        *("method", "array", "array of objects", "frame", "series", "polars", "slot", "set"),
    ],
)
def test_files_that_results_name_count(folder: Path, store: Store, kind: str) -> None:
    # the name is put together where no argument says it
    check({"_target_": "steps.use", "held": {"_target_": "steps.make", "kind": kind, "name": "data"}}, folder, store)


def test_a_file_that_a_partial_node_names_counts_for_who_calls_it(folder: Path, store: Store) -> None:
    part = {"_target_": "steps.read", "_partial_": True, "path": "data.txt"}
    check({"_target_": "steps.call", "made": part}, folder, store)


@pytest.mark.parametrize("is_named", [True, False], ids=["by name", "by position"])
def test_a_file_that_a_partial_in_the_config_names_counts(folder: Path, store: Store, is_named: bool) -> None:
    from steps import read  # type: ignore[import-not-found]

    part = functools.partial(read, path="data.txt") if is_named else functools.partial(read, "data.txt")
    check({"_target_": part}, folder, store)
    (folder / "data.txt").write_text("one")
    check({"_target_": "steps.call", "made": part}, folder, store)


def test_a_declared_input_may_be_given_by_a_partial(folder: Path, store: Store) -> None:
    from steps import read

    check({"_target_": functools.partial(read, "data.txt"), "_input_files_": ["path"]}, folder, store)
