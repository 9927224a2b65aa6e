"""`why` says exactly what changed: each test changes one thing, and wants to read it."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from tests.conftest import RunCli

HEAD = """
import collections
import dataclasses
import functools


class A:
    def __init__(self, n):
        self.n = n

    def get(self):
        return self.n


class Adder(A):
    def __call__(self, x=0):
        return x + self.n


def add(x, y=1):
    return x + y


def more(x):
    return x + 10


def make(n):
    def inner(x=0):
        return x + n

    return inner


def call(function=None, name=""):
    return 0


"""


def lines_of_change(
    folder: Path, run_cli: RunCli, files: dict[str, str], edit: tuple[str, str, str], pipeline: str = "conf.yaml"
) -> tuple[set[str], dict[str, Any]]:
    """Lines of diffs and values that `why` shows for the root after one edit, with the whole answer."""
    for name, text in files.items():
        (folder / name).write_text(text)
    done = run_cli("run", pipeline, "-p", "--json")
    assert json.loads(done.stdout)["ok"], done.stderr
    name, old, new = edit
    text = (folder / name).read_text()
    assert text.count(old) == 1
    (folder / name).write_text(text.replace(old, new))
    found: dict[str, Any] = json.loads(run_cli("why", pipeline, "", "--json").stdout)
    lines = {line for each in found["differences"] for line in each["diff"] if line[:3] not in ("---", "+++")}
    return lines, found


@pytest.mark.parametrize(
    ("text", "old", "new", "before", "now"),
    [
        ("a = A(3)\ndef root(): return a.n\n", "A(3)", "A(4)", "-  n = 3", "+  n = 4"),
        ("got = A(3).get\ndef root(): return got()\n", "A(3)", "A(4)", "-    n = 3", "+    n = 4"),
        ("many = {'x': [A(3)]}\ndef root(): return many\n", "A(3)", "A(4)", "-      n = 3", "+      n = 4"),
        ("root = Adder(3)\n", "Adder(3)", "Adder(4)", "-  n = 3", "+  n = 4"),
        ("root = A(3).get\n", "A(3)", "A(4)", "-    n = 3", "+    n = 4"),
        ("root = functools.partial(add, 1, y=3)\n", "y=3", "y=4", "-  y = 3", "+  y = 4"),
        ("root = functools.lru_cache(maxsize=3)(make(1))\n", "=3", "=4", "-  maxsize = 3", "+  maxsize = 4"),
        ("P = collections.namedtuple('P', 'x y')\ndef root(): return len(P(1, 2))\n", "'x y'", "'y x'")
        + ("-# _fields = ('x', 'y')", "+# _fields = ('y', 'x')"),
        ("C = type('C', (A,), {'k': 3})\ndef root(): return C.k\n", "3", "4", "-# k = 3", "+# k = 4"),
        ("D = dataclasses.make_dataclass('D', [('x', int, 3)])\ndef root(): return D().x\n", "3", "4")
        + ("-# x = 3", "+# x = 4"),
        ("root = make(3)\n", "make(3)", "make(4)", "-# n = 3", "+# n = 4"),
        ("LIMIT = A(3)\ndef root(x=LIMIT): return x.n\n", "A(3)", "A(4)", "-#     n = 3", "+#     n = 4"),
        (
            "used = add\ndef root(): return used(1)\n",
            "used = add",
            "used = more",
            "-# used=steps.add",
            "+# used=steps.more",
        ),
        ("names = {}\nexec('def f(x): return x.one', names)\ndef root(): return len(names)\n", "x.one", "x.two")
        + ("-    LOAD_ATTR one", "+    LOAD_ATTR two"),
    ],
    ids=[
        *("constant object", "constant method", "constant container", "object", "bound method", "partial", "lru_cache"),
        *("namedtuple", "type()", "make_dataclass", "closure", "default object", "name", "without source"),
    ],
)
def test_change_of_a_value_that_counts_as_code_is_shown(
    tmp_path: Path, run_cli: RunCli, text: str, old: str, new: str, before: str, now: str
) -> None:
    files = {
        "steps.py": HEAD,
        "made.py": f"from steps import *\nimport steps, collections, dataclasses, functools\n{text}",
    }
    lines, found = lines_of_change(
        tmp_path, run_cli, files | {"conf.yaml": "_target_: made.root\n"}, ("made.py", old, new)
    )
    assert found["reason"]["code"] == "code_changed"
    assert {before, now} <= lines


@pytest.mark.parametrize(
    ("name", "config", "where"),
    [
        ("conf.yaml", "{_target_: steps.call, name: steps.more}\n", ""),
        ("conf.yaml", "{_target_: steps.call, _depends_on_: [steps.more]}\n", ""),
        ("conf.yaml", "{_target_: steps.call, _recursive_: false, name: {_target_: steps.more}}\n", ""),
        ("conf.py", "import steps\nconfig = dict(_target_=steps.call, function=steps.more)\n", " in argument function"),
        ("conf.py", "import steps\nconfig = dict(_target_=steps.call, name=[1, steps.more])\n", " in argument name"),
    ],
    ids=["text", "depends_on", "config", "function", "in a list"],
)
def test_code_that_an_argument_holds_or_names_is_shown_as_a_diff(
    tmp_path: Path, run_cli: RunCli, name: str, config: str, where: str
) -> None:
    files, edit = {"steps.py": HEAD, name: config}, ("steps.py", "x + 10", "x + 20")
    lines, found = lines_of_change(tmp_path, run_cli, files, edit, name.removesuffix(".py"))
    assert found["reason"]["code"] == "code_changed"
    [difference] = found["differences"]
    assert difference["detail"] == f"function steps.more{where} changed (steps.py:24)"
    assert {"-    return x + 10", "+    return x + 20"} <= lines


def test_another_function_as_argument_is_another_argument(tmp_path: Path, run_cli: RunCli) -> None:
    files = {"steps.py": HEAD, "conf.py": "import steps\nconfig = dict(_target_=steps.call, function=steps.more)\n"}
    _, found = lines_of_change(tmp_path, run_cli, files, ("conf.py", "steps.more", "steps.add"), "conf")
    [difference] = found["differences"]
    assert (difference["code"], difference["name"]) == ("arguments_changed", "function")
    assert (difference["before"], difference["now"]) == ('"steps.more"', '"steps.add"')


def test_object_as_argument_is_shown_with_its_state(tmp_path: Path, run_cli: RunCli) -> None:
    files = {"steps.py": HEAD, "conf.py": "import steps\nconfig = dict(_target_=steps.call, name=steps.A(3))\n"}
    _, found = lines_of_change(tmp_path, run_cli, files, ("conf.py", "A(3)", "A(4)"), "conf")
    [difference] = found["differences"]
    assert (difference["before"], difference["now"]) == ('"steps.A(n = 3)"', '"steps.A(n = 4)"')


def test_variable_that_was_not_set_is_told_from_an_empty_one(
    tmp_path: Path, run_cli: RunCli, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "conf.yaml").write_text("{_target_: builtins.max, _args_: [1, 2], _env_: [LEVEL_OF_TEST]}\n")
    run_cli("run", "conf.yaml", "-p")
    for value, before in (("", "not set"), ("5", "")):
        monkeypatch.setenv("LEVEL_OF_TEST", value)
        [difference] = json.loads(run_cli("why", "conf.yaml", "", "--json").stdout)["differences"]
        assert (difference["code"], difference["before"], difference["now"]) == ("env_changed", before, value)
        run_cli("run", "conf.yaml", "-p")


def test_versions_set_by_hand_are_shown(tmp_path: Path, run_cli: RunCli) -> None:
    files = {"steps.py": HEAD, "conf.yaml": "{_target_: steps.call, _version_: one}\n"}
    _, found = lines_of_change(tmp_path, run_cli, files, ("conf.yaml", "one", "two"))
    [difference] = found["differences"]
    assert (difference["code"], difference["before"], difference["now"]) == ("version_changed", '"one"', '"two"')


def test_change_where_nothing_is_shown_is_told_by_content(tmp_path: Path, run_cli: RunCli) -> None:
    text = "TABLE = list(range(9_000)) + [{}] + list(range(9_000))\ndef root(): return len(TABLE)\n"
    files = {"made.py": text.format(3), "conf.yaml": "_target_: made.root\n"}
    lines, found = lines_of_change(tmp_path, run_cli, files, ("made.py", "[3]", "[4]"))
    [difference] = found["differences"]
    assert not lines
    assert difference["before"].startswith("content ")
    assert difference["now"].startswith("content ")
    assert difference["before"] != difference["now"]
