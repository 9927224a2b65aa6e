"""What a run leaves behind in values of modules is no change of the code."""

from __future__ import annotations

import importlib
import sys
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import pytest

from hydra_cached.fingerprint import CodeFingerprints

Project = Callable[[Mapping[str, str]], Path]

STEPS = """
    import collections
    from dataclasses import dataclass

    CACHE = {}
    MODEL = None
    SEEN = []
    TOTALS = collections.defaultdict(list)

    class Store:
        kept = {}
        count = 0

        def __init__(self):
            self.found = []

        def keep(self, x):
            Store.count += 1
            self.kept[x] = x
            self.found.append(x)

    STORE = Store()

    def counted(function):
        count = 0
        def wrapper(x):
            nonlocal count
            count += 1
            wrapper.calls.append(x)
            return function(x) + count * 0
        wrapper.calls = []
        return wrapper

    @counted
    def slow(x, known={}):
        known[x] = known.get(x, x)
        return known[x]

    def run(x):
        global MODEL
        if x not in CACHE:
            CACHE[x] = slow(x)
        if MODEL is None:
            MODEL = Store()
        STORE.keep(x)
        TOTALS[x].append(len(SEEN) + Store.count)
        SEEN.append(x)
        return CACHE[x], MODEL, STORE, TOTALS
    """


def fresh(name: str = "steps") -> Any:
    sys.modules.pop(name, None)
    return importlib.import_module(name)


def test_what_a_run_leaves_behind_does_not_count_in_the_next_run_of_the_process(project: Project) -> None:
    project({"steps.py": STEPS})
    steps = fresh()
    code = CodeFingerprints()
    before = code.of(steps.run), code.of(steps.Store)
    steps.run(1)
    assert CodeFingerprints().of(steps.run) != before[0]
    code.settle()
    for number in range(2, 4):
        code = CodeFingerprints()
        assert (code.of(steps.run), code.of(steps.Store)) == before
        steps.run(number)
        code.settle()
    assert CodeFingerprints().of(steps.run) == before[0]


def test_each_run_may_leave_behind_something_else(project: Project) -> None:
    project({"steps.py": "CACHE = {}\n\ndef run(x):\n    CACHE.setdefault(x, len(CACHE))\n    return CACHE\n"})
    steps = fresh()
    code = CodeFingerprints()
    before = code.of(steps.run)
    for number in (1, 1, 2):
        steps.run(number)
        code.settle()
        code = CodeFingerprints()
        assert code.of(steps.run) == before


@pytest.mark.parametrize("change", ["CACHE[9] = 9", "MODEL = 3", "Store.count = 77", "SEEN.append('by hand')"])
def test_what_is_changed_between_two_runs_counts(project: Project, change: str) -> None:
    project({"steps.py": STEPS})
    steps = fresh()
    code = CodeFingerprints()
    before = code.of(steps.run)
    steps.run(1)
    code.settle()
    exec(change, vars(steps))
    assert CodeFingerprints().of(steps.run) != before


def test_a_value_that_is_set_back_counts_as_it_was(project: Project) -> None:
    project({"steps.py": "CONFIG = {'x': 1}\n\ndef run():\n    return CONFIG\n"})
    steps = fresh()
    before = CodeFingerprints().of(steps.run)
    steps.CONFIG["x"] = 2
    other = CodeFingerprints().of(steps.run)
    steps.CONFIG["x"] = 1
    assert CodeFingerprints().of(steps.run) == before != other


def test_another_import_of_the_module_begins_anew(project: Project) -> None:
    text = "CACHE = {}\n\ndef run(x):\n    CACHE[x] = len(CACHE)\n    return CACHE\n"
    project({"steps.py": text})
    steps = fresh()
    code = CodeFingerprints()
    before = code.of(steps.run)
    steps.run(1)
    code.settle()
    # the literal is what the run had left behind
    project({"steps.py": text.replace("{}", "{1: 0}")})
    assert CodeFingerprints().of(fresh().run) != before
    project({"steps.py": text})
    assert CodeFingerprints().of(importlib.reload(sys.modules["steps"]).run) == before


def test_a_warning_that_was_given_does_not_count(project: Project) -> None:
    project(
        {
            "warning.py": """
                import warnings

                for name in ("a", "b"):
                    globals()[name] = 1

                def run(x):
                    warnings.warn("once")
                    return globals()[x]
                """
        }
    )
    warning = importlib.import_module("warning")
    before = CodeFingerprints().of(warning.run)
    with pytest.warns(UserWarning, match="once"):
        warning.run("a")
    assert "__warningregistry__" in vars(warning)
    assert CodeFingerprints().of(warning.run) == before


def test_one_run_sees_its_code_as_it_was_when_it_began(project: Project) -> None:
    project({"steps.py": STEPS})
    steps = fresh()
    code = CodeFingerprints()
    before = code.of(steps.run)
    steps.run(1)
    # of a value that the call returned
    assert code.of(steps.run) == before
    assert code.of(steps.Store) == CodeFingerprints().of(fresh().Store)
