"""A small project that most tests of the commands run: two steps and a model, each leaving a line in calls.txt."""

from __future__ import annotations

import json
from pathlib import Path
from subprocess import CompletedProcess
from typing import Any

STEPS = """
def note(name):
    with open("calls.txt", "a") as file:
        file.write(name + "\\n")

def load(n):
    note("load")
    return list(range(n))

def scale(values, by=1):
    note("scale")
    return [value * by for value in values]

def total(values, offset=0):
    note("total")
    return sum(values) + offset

def fail(values):
    limit = len(values)
    raise ValueError(f"more than {limit} [values]")
"""
CONFIG = """
values = dict(_target_="steps.load", n=4)
scaled = dict(_target_="steps.scale", values=values, by=2)
config = dict(_target_="steps.total", values=scaled)
other = dict(_target_="steps.total", values=values, offset=100)
failing = dict(model=dict(_target_="steps.fail", values=scaled))
"""
PROJECT = {"steps.py": STEPS, "conf.py": CONFIG}
RESULT = 12


def calls(folder: Path) -> list[str]:
    """Names of the steps that were called in ``folder`` so far, in order."""
    path = folder / "calls.txt"
    return path.read_text().split() if path.exists() else []


def document(process: CompletedProcess[str]) -> dict[str, Any]:
    """The document on stdout, which has to be alone there."""
    loaded: dict[str, Any] = json.loads(process.stdout)
    return loaded


def statuses(process: CompletedProcess[str]) -> dict[str, str]:
    """Status by path of every node in the document on stdout."""
    return {node["path"]: node["status"] for node in document(process)["nodes"]}
