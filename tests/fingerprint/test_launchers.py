"""Code that runs by a path, in another process or as a plug-in: what is followed, and what is listed as not so."""

from __future__ import annotations

import importlib
import sys
from collections.abc import Callable, Mapping
from pathlib import Path

import pytest

from hydra_cached.fingerprint import CodeFingerprints, Definition

Project = Callable[[Mapping[str, str]], Path]


def collect() -> list[Definition]:
    sys.modules.pop("steps", None)
    return list(CodeFingerprints().collect(importlib.import_module("steps").run))


def unfollowed() -> list[str]:
    return [each.id.removeprefix("steps.run: ") for each in collect() if each.kind == "unfollowed"]


@pytest.mark.parametrize(
    ("imports", "call"),
    [
        ("import runpy", "runpy.run_module(x)"),
        ("import runpy", "runpy.run_path('nowhere.py')"),
        ("from runpy import run_path", "run_path(x)"),
        ("import importlib.util", "importlib.util.spec_from_file_location('plug', x)"),
        ("from importlib import util", "util.spec_from_file_location('plug', x)"),
        ("from importlib.machinery import SourceFileLoader", "SourceFileLoader('plug', x)"),
        ("from importlib.metadata import entry_points", "entry_points(group=x)"),
        ("import ctypes", "ctypes.CDLL(x)"),
        ("import ctypes", "ctypes.cdll.LoadLibrary(x)"),
        ("from ctypes import cdll", "cdll.LoadLibrary(x)"),
        ("import os", "os.system(x)"),
        ("import subprocess", "subprocess.run(x)"),
        ("import subprocess as sp", "sp.Popen(x)"),
        ("from subprocess import check_call", "check_call(x)"),
        ("import subprocess", "subprocess.check_output(x)"),
        ("import subprocess", "subprocess.call(x)"),
    ],
)
@pytest.mark.parametrize("is_inside", [False, True])
def test_what_starts_other_code_is_listed_as_not_followed(
    project: Project, imports: str, call: str, is_inside: bool
) -> None:
    before, inside = ("", f"    {imports}\n") if is_inside else (f"{imports}\n", "")
    project({"steps.py": f"{before}\ndef run(x):\n{inside}    return {call}\n"})
    assert unfollowed() == [call]


def test_calls_of_the_same_name_are_no_launchers(project: Project) -> None:
    project(
        {
            "tools.py": "def run(x):\n    return x\n\ndef system(x):\n    return x\n",
            "steps.py": """
                import tools
                from tools import system

                def run(model, x):
                    call = model
                    return model.run(x) + tools.run(x) + system(x) + call(x) + model.call(x)
                """,
        }
    )
    assert unfollowed() == []


def test_listing_a_launcher_changes_no_fingerprint(project: Project) -> None:
    text = "import subprocess\n\ndef run(x):\n    return subprocess.run(x)\n"
    project({"steps.py": text})
    assert {each.kind for each in collect()} == {"function", "unfollowed"}
    before = CodeFingerprints().of(importlib.import_module("steps").run)
    project({"steps.py": f"# a comment\n{text}"})
    sys.modules.pop("steps")
    assert CodeFingerprints().of(importlib.import_module("steps").run) == before


def test_module_and_file_that_run_by_their_names_are_followed(project: Project) -> None:
    project(
        {
            "steps.py": """
                import runpy

                def run(x):
                    runpy.run_module("worker")
                    runpy.run_module(mod_name="package")
                    return runpy.run_path("scripts/job.py")
                """,
            "worker.py": "import below\nprint(below.VALUE)\n",
            "below.py": "VALUE = 1\n",
            "package/__init__.py": "",
            "package/__main__.py": "print(1)\n",
            "scripts/job.py": "import numpy\nprint(2)\n",
        }
    )
    found = {each.id for each in collect() if each.kind != "function"}
    assert found == {"worker", "below", "package", "package.__main__", "scripts/job.py", "numpy"}


def test_edit_of_a_file_that_runs_by_its_path_counts(project: Project) -> None:
    text = "import runpy\n\ndef run(x):\n    return runpy.run_path('job.py')\n"
    found = []
    for job in ("print(1)\n", "print( 1 )  # the same\n", "print(2)\n"):
        project({"steps.py": text, "job.py": job})
        sys.modules.pop("steps", None)
        found.append(CodeFingerprints().of(importlib.import_module("steps").run))
    assert found[0] == found[1] != found[2]
