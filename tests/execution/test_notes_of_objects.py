"""What objects say of themselves, whoever wrote them: an index that is made again from them leads to nothing wrong."""

from __future__ import annotations

import shutil
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import pytest

from hydra_cached import RunOptions, Store, run
from tests.reports import outcomes

STEPS = """
import numpy as np
from hydra_cached import not_deterministic

class Model:
    def __init__(self):
        self.weights = np.zeros(100_000)

class Optimizer:
    def __init__(self, model):
        self.model, self.state = model, np.zeros(50_000)

class Kept:
    def __init__(self):
        self.values = np.zeros(50_000)

@not_deterministic
def today():
    return 1

def write(path, day):
    with open(path, "w") as file:
        file.write("written")
    return np.arange(50_000)

def write_declared(day):
    with open("declared.txt", "w") as file:
        file.write("written")
    return np.arange(50_001)

def optimize(model, day):
    return Optimizer(model)

def keep(day):
    return globals()["Kep" + "t"]()

def is_tied(model, optimizer):
    return optimizer.model is model

def array(day):
    return np.arange(50_002)

def count(values):
    return len(values)
"""
EXECUTORS = pytest.mark.parametrize("executor", ["inline", "processes"])


@pytest.fixture
def folder(project: Callable[[Mapping[str, str]], Path], monkeypatch: pytest.MonkeyPatch) -> Path:
    made = project({"steps.py": STEPS})
    monkeypatch.chdir(made)
    return made


def call(name: str, **kwargs: Any) -> dict[str, Any]:
    return {"_target_": f"steps.{name}", **kwargs}


def run_again_with_a_new_index(config: Any, executor: str, between: Callable[[], None]) -> Any:
    options = RunOptions(executor=executor, jobs=1 if executor == "inline" else 2)
    with Store("cache") as store:
        assert run(config, store=store, options=options).is_ok
    shutil.rmtree("cache/index")
    between()
    with Store("cache") as store:
        return run(config, store=store, options=options)


@EXECUTORS
def test_output_that_is_gone_is_made_again(folder: Path, executor: str) -> None:
    config = call("count", values=call("write", path="out.txt", day=call("today")))
    report = run_again_with_a_new_index(config, executor, (folder / "out.txt").unlink)
    assert outcomes(report)["values"][0] == "ran"
    assert (folder / "out.txt").read_text() == "written"


@EXECUTORS
def test_declared_output_that_is_gone_is_made_again(folder: Path, executor: str) -> None:
    config = call("count", values={**call("write_declared", day=call("today")), "_output_files_": ["declared.txt"]})
    report = run_again_with_a_new_index(config, executor, (folder / "declared.txt").unlink)
    assert outcomes(report)["values"][0] == "ran"
    assert (folder / "declared.txt").read_text() == "written"


@EXECUTORS
def test_objects_that_belong_together_stay_together(folder: Path, executor: str) -> None:
    model = call("Model")
    config = call("is_tied", model=model, optimizer=call("optimize", model=model, day=call("today")))
    assert run_again_with_a_new_index(config, executor, lambda: None).value is True


@EXECUTORS
def test_code_in_a_value_counts(folder: Path, executor: str) -> None:
    config = [call("keep", day=call("today"))]
    text = (folder / "steps.py").read_text()

    def edit() -> None:
        import sys

        (folder / "steps.py").write_text(text.replace("np.zeros(50_000)\n\n@", "np.zeros(50_000) + 1\n\n@"))
        sys.modules.pop("steps", None)

    report = run_again_with_a_new_index(config, executor, edit)
    assert outcomes(report)["0"][0] == "ran"


@EXECUTORS
def test_what_has_no_conditions_is_found_again(folder: Path, executor: str) -> None:
    config = call("count", values=call("array", day=call("today")))
    report = run_again_with_a_new_index(config, executor, lambda: None)
    assert outcomes(report)["values"][0] == "cutoff"
