"""Results that are hard to store: each comes back as it was, or is named in a warning, and the run goes on."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any

import pytest

from hydra_cached import Store, run
from hydra_cached.events import Event, Warned
from hydra_cached.execution.report import RunReport

Project = Callable[[Mapping[str, str]], Path]

STEPS = """
import threading

class Box:
    def __init__(self, content):
        self.content = content

class Broken(Box):
    def __setstate__(self, state):
        raise RuntimeError("the weights moved")

class Forgetful(Box):
    def __getstate__(self):
        return {"content": self.content, "length": len(self.content)}

    def __setstate__(self, state):
        self.content = state["content"][:1]

def nothing(): return None
def lines(): return "one\\r\\ntwo\\rthree\\n" * 20_000
def surrogates(): return ["\\ud800 alone", "\\udfff"]
def huge(): return 7 ** 100_000

def ring():
    made = [1]
    made.append(made)
    return made

def deep():
    made = [1]
    for _ in range(100_000):
        made = [made]
    return made

def chain():
    made = Box(None)
    for _ in range(5_000):
        made = Box(made)
    return made

def unpicklable(): return Box(lambda: 1)
def lock(): return Box(threading.Lock())
def generator(): return (each for each in "abc")
def too_deep():
    made = [1]
    for _ in range(600_000):
        made = [made]
    return made
def broken(): return Broken("text")
def forgetful(): return Forgetful("text")

def describe(value):
    if isinstance(value, Box):
        depth = 0
        while isinstance(value.content, Box):
            value, depth = value.content, depth + 1
        return type(value).__name__, depth, value.content if isinstance(value.content, str) else None
    if isinstance(value, list) and value and isinstance(value[0], list):
        depth = 0
        while isinstance(value[0], list):
            value, depth = value[0], depth + 1
        return "list", depth
    if isinstance(value, list) and value[-1] is value:
        return "ring"
    return list(value) if hasattr(value, "__next__") else value
"""

COME_BACK = ["nothing", "lines", "surrogates", "huge", "ring", "deep", "chain"]
NAMED = {
    "unpicklable": "cannot be stored: a awkward_steps.Box cannot be stored: ",
    "lock": "cannot be stored: a awkward_steps.Box cannot be stored: TypeError: cannot pickle '_thread.lock' object",
    "generator": "gave an iterator, which can be read only once: it is not stored",
    "too_deep": "cannot be stored: a list cannot be stored: it is nested too deep",
    "broken": "cannot be stored: the stored result does not load: RuntimeError: the weights moved",
    "forgetful": "cannot be stored: what loads is not what was stored: its pickling leaves something out",
}


@pytest.fixture
def store(tmp_path: Path, project: Project) -> Iterator[Store]:
    project({"awkward_steps.py": STEPS})
    with Store(tmp_path / "cache") as opened:
        yield opened


def pipeline(name: str) -> dict[str, Any]:
    return {
        "_target_": "awkward_steps.describe",
        "value": {"_target_": f"awkward_steps.{name}"},
    }


def run_twice(name: str, store: Store) -> tuple[list[RunReport], list[str]]:
    """Two runs of a pipeline whose last step is not stored, and the warnings of the first."""
    seen: list[Event] = []
    config = {**pipeline(name), "_cache_result_": False}
    reports = [run(config, store=store, listener=seen.append), run(config, store=store)]
    return reports, [each.message for each in seen if isinstance(each, Warned)]


@pytest.mark.parametrize("name", COME_BACK)
def test_it_comes_back_as_it_was(store: Store, name: str) -> None:
    (first, second), warnings = run_twice(name, store)
    assert warnings == []
    assert first.value == second.value
    assert [node.status for node in second.nodes if node.path == "value"] == ["hit"]


@pytest.mark.parametrize("name", NAMED)
def test_it_is_named_and_the_run_goes_on(store: Store, name: str) -> None:
    (first, second), warnings = run_twice(name, store)
    assert any(NAMED[name] in warning and "at value" in warning for warning in warnings), warnings
    assert len(warnings) == len(set(warnings))
    assert first.value == second.value
    assert [node.status for node in second.nodes if node.path == "value"] == ["ran"]


CHANGING = """
import os

class Model:
    def __init__(self):
        self.name = "model"

    def __setstate__(self, state):
        if os.environ.get("MODEL_MOVED"):
            raise RuntimeError("the weights moved")
        self.__dict__.update(state)

def make():
    if os.environ.get("MAKE_FAILS"):
        raise ValueError("no more")
    return Model()

def name_of(model):
    return model.name
"""


def test_a_result_that_does_not_load_is_made_again_and_kept_until_then(
    store: Store, project: Project, monkeypatch: pytest.MonkeyPatch
) -> None:
    project({"changing.py": CHANGING})
    config = {"_target_": "changing.name_of", "_cache_result_": False, "model": {"_target_": "changing.make"}}
    assert run(config, store=store).value == "model"
    (kept,) = store.summaries()

    monkeypatch.setenv("MODEL_MOVED", "1")
    monkeypatch.setenv("MAKE_FAILS", "1")
    failed = run(config, store=store)
    assert "no more" in str(failed.error)
    assert [node.reason.code for node in failed.nodes if node.path == "model" and node.reason] == ["entry_unreadable"]
    monkeypatch.delenv("MODEL_MOVED")
    again = run(config, store=store)
    assert (again.value, again.summary.hit) == ("model", 1)

    monkeypatch.setenv("MODEL_MOVED", "1")
    monkeypatch.delenv("MAKE_FAILS")
    assert run(config, store=store).value == "model"
    assert [each.key for each in store.summaries()] in ([], [kept.key])
    assert run(config, store=store).value == "model"


def test_a_class_that_moved_is_a_miss_and_its_result_kept(store: Store, project: Project) -> None:
    makes = """
    from pathlib import Path
    from importlib import import_module

    def make(where):
        return import_module(Path("where.txt").read_text()).Model()
    """
    project(
        {"old_place.py": "class Model:\n    pass\n", "new_place.py": "", "makes.py": makes, "where.txt": "old_place"}
    )
    config = {"_target_": "makes.make", "where": 1}
    assert run(config, store=store).summary.ran == 1
    (old,) = store.summaries()
    project({"old_place.py": "", "new_place.py": "class Model:\n    pass\n", "where.txt": "new_place"})
    for name in ("old_place", "new_place"):
        sys.modules.pop(name, None)
    report = run(config, store=store)
    assert (report.summary.ran, type(report.value).__module__) == (1, "new_place")
    assert old.key in {each.key for each in store.summaries()}
