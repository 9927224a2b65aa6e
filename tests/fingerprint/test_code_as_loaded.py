"""Fingerprints follow the code that is loaded, not the text that happens to be on disk."""

from __future__ import annotations

import importlib
import os
import subprocess
import sys
from collections.abc import Callable, Mapping
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest

from hydra_cached.fingerprint import CodeFingerprints

Project = Callable[[Mapping[str, str]], Path]

STEPS = """
    def twice(x):
        return 2 * x

    def keep(function):
        return function

    @keep
    def run(x):
        return twice(x)

    class Model:
        rate: int = 1

        def fit(self):
            return twice(self.rate)
    """


def load(name: str = "steps") -> ModuleType:
    sys.modules.pop(name, None)
    return importlib.import_module(name)


def fingerprint_elsewhere() -> str:
    """That of `steps.run` in another process."""
    code = (
        "from hydra_cached.fingerprint import CodeFingerprints; import steps; print(CodeFingerprints().of(steps.run))"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    return done.stdout.strip()


def run_text(text: str, name: str = "made") -> dict[str, Any]:
    namespace: dict[str, Any] = {"__name__": name}
    exec(text, namespace)
    return namespace


@pytest.mark.parametrize("name", ["run", "Model"])
def test_text_edited_after_the_import_is_not_what_runs(project: Project, name: str) -> None:
    project({"steps.py": STEPS})
    steps = load()
    project({"steps.py": STEPS.replace("2 * x", "3 * x")})
    edited_too_late = CodeFingerprints().of(getattr(steps, name))
    assert CodeFingerprints().of(getattr(load(), name)) != edited_too_late


def test_a_body_edited_after_the_import_is_fingerprinted_as_loaded(project: Project) -> None:
    project({"steps.py": STEPS})
    first = load().run
    project({"steps.py": STEPS.replace("2 * x", "3 * x")})
    second = load().run
    project({"steps.py": STEPS.replace("2 * x", "4 * x")})
    code = CodeFingerprints()
    assert code.of(first) != code.of(second)


@pytest.mark.usefixtures("compiles")
@pytest.mark.parametrize(
    ("old", "new"), [("@keep\n    ", ""), ("rate: int", "rate: float"), ("rate: int = 1", "rate: int = 2")]
)
def test_what_no_bytecode_shows_is_not_read_from_a_later_text(project: Project, old: str, new: str) -> None:
    project({"steps.py": STEPS})
    loaded = load()
    path = project({"steps.py": STEPS.replace(old, new)}) / "steps.py"
    os.utime(path, (1, 1))  # compiled files know their text by size and whole seconds
    late = CodeFingerprints()
    digests = {late.of(loaded.run), late.of(loaded.Model)}
    fresh = CodeFingerprints()
    again = load()
    assert digests.isdisjoint({fresh.of(again.run), fresh.of(again.Model)})


def test_lines_added_above_after_the_import_do_not_count(project: Project) -> None:
    project({"steps.py": STEPS})
    steps = load()
    before = CodeFingerprints().of(steps.run)
    project({"steps.py": "\n    # a comment\n" + STEPS})
    assert CodeFingerprints().of(steps.run) == before


def test_a_reload_is_a_new_function_to_the_same_memo(project: Project) -> None:
    code = CodeFingerprints()
    project({"steps.py": STEPS})
    before = code.of(load().run)
    project({"steps.py": STEPS.replace("2 * x", "3 * x")})
    assert code.of(load().run) != before


def test_a_file_that_went_away_leaves_the_bytecode(project: Project) -> None:
    project({"steps.py": STEPS})
    first = load().run
    project({"steps.py": STEPS.replace("2 * x", "3 * x")})
    second = load().run
    (project({}) / "steps.py").unlink()
    code = CodeFingerprints()
    assert code.of(first) != code.of(second)


def test_code_without_a_file_counts_by_its_bytecode() -> None:
    code = CodeFingerprints()
    first = run_text("def run(x):\n    return helper(x)\ndef helper(x):\n    return x + 1\n")["run"]
    same = run_text('def run(x):\n    "Runs."\n\n    return helper(x)\n\n\ndef helper(x): return x + 1\n')["run"]
    other = run_text("def run(x):\n    return helper(x)\ndef helper(x):\n    return x + 2\n")["run"]
    assert code.of(first) == code.of(same)
    assert code.of(first) != code.of(other)


def test_a_class_without_a_file_counts_by_its_members() -> None:
    code = CodeFingerprints()
    text = "class Model:\n    rate: int = 1\n    def fit(self):\n        return self.rate\n"
    digests = {
        code.of(run_text(variant)["Model"])
        for variant in (
            text,
            text.replace("= 1", "= 2"),
            text.replace("self.rate", "-self.rate"),
            text.replace("rate: int", "rate: float"),
            text.replace("Model:", "Model(dict):"),
        )
    }
    assert len(digests) == 5
    assert code.of(run_text(text)["Model"]) in digests


def test_classes_made_by_a_call_count_by_their_members() -> None:
    code = CodeFingerprints()
    text = "from collections import namedtuple\nRow = namedtuple('Row', 'a b', defaults=[1])\n"
    assert code.of(run_text(text)["Row"]) == code.of(run_text(text)["Row"])
    assert code.of(run_text(text)["Row"]) != code.of(run_text(text.replace("[1]", "[2]"))["Row"])
    assert code.of(run_text(text)["Row"]) != code.of(run_text(text.replace("a b", "a c"))["Row"])


def test_a_function_defined_twice_is_the_one_that_is_loaded(project: Project) -> None:
    text = "def run(x):\n    return 1\n\nif {0}:\n    def run(x):\n        return 2\n"
    code = CodeFingerprints()
    project({"steps.py": text.format("True")})
    second = code.of(load().run)
    project({"steps.py": text.format("False")})
    first = code.of(load().run)
    assert first != second
    project({"steps.py": text.format("False").replace("return 2", "return 3")})
    assert code.of(load().run) == first


def test_lambdas_of_one_line_are_told_apart(project: Project) -> None:
    project({"steps.py": "pair = (lambda x: x + 1, lambda x: x + 2)\nlone = lambda x: x + 1  # noqa\n"})
    steps = load()
    code = CodeFingerprints()
    assert code.of(steps.pair[0]) == code.of(steps.lone) != code.of(steps.pair[1])


def test_a_target_may_be_any_callable(project: Project) -> None:
    project(
        {
            "steps.py": STEPS
            + "\n    from functools import partial\n    bound = Model().fit\n    half = partial(run, 1)\n"
        }
    )
    steps = load()
    code = CodeFingerprints()
    targets = [steps.bound, steps.half, steps.Model.fit, len, dict.fromkeys, "".join, Path]
    assert len({code.of(target) for target in targets}) == len(targets)


def test_editing_a_method_changes_the_digest_of_an_object(project: Project) -> None:
    from hydra_cached.fingerprint import digest_value

    project({"steps.py": STEPS})
    before = digest_value([load().Model()])
    assert digest_value([load().Model()]) == before
    project({"steps.py": STEPS.replace("2 * x", "3 * x")})
    assert digest_value([load().Model()]) != before


def test_a_class_without_a_file_counts_the_same_after_pickling_its_objects() -> None:
    made = run_text("class Model:\n    def fit(self):\n        return 1\n")["Model"]
    before = CodeFingerprints().of(made)
    made().__reduce_ex__(2)
    assert made.__annotations__ == {}
    assert "__slotnames__" in vars(made)
    assert CodeFingerprints().of(made) == before


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("2 * x", "3 * x"),
        ("rate: int", "rate: float"),
        ("def run(x)", "def run(x: int)"),
        ("@keep\n    ", ""),
        ("@keep\n", "@keep\n    # a line more\n"),
        ("return twice(self.rate)", "return twice(-self.rate)"),
    ],
)
def test_what_was_edited_before_the_first_look_is_not_taken_for_what_runs(project: Project, old: str, new: str) -> None:
    # no compiled file tells when the text was imported
    project({"steps.py": STEPS.replace(old, new)})
    fresh = load()
    expected = [CodeFingerprints().of(fresh.run), CodeFingerprints().of(fresh.Model)]
    project({"steps.py": STEPS})
    loaded = load()
    project({"steps.py": STEPS.replace(old, new)})
    late = CodeFingerprints()
    found = [late.of(loaded.run), late.of(loaded.Model)]
    assert all(each != other for each, other in zip(found, expected, strict=True)) or "a line more" in new


def test_statements_with_effects_that_were_edited_before_the_first_look_are_not_believed(project: Project) -> None:
    text = "import random\nrandom.seed(3)\n\ndef run():\n    return random.random()\n"
    project({"steps.py": text})
    loaded = load()
    project({"steps.py": text.replace("3", "4")})
    late = CodeFingerprints().of(loaded.run)
    assert fingerprint_elsewhere() != late


def test_a_module_made_while_the_process_runs_counts_as_in_another_process(project: Project) -> None:
    project({"steps.py": STEPS})
    here = CodeFingerprints().of(load().run)
    code = (
        "from hydra_cached.fingerprint import CodeFingerprints; import steps; print(CodeFingerprints().of(steps.run))"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == here
