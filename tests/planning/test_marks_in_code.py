"""What an edit of a mark in code is: the reason that it gives, and where it is none."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from tests.conftest import RunCli

FUNCTION = """
import hydra_cached
from hydra_cached import version as v

@v("1")
def f(n: int):
    return n

@v("1")
class Box:
    def __init__(self, n):
        self.n = n

    def __repr__(self):
        return f"Box({self.n})"

class Inside:
    @hydra_cached.version("1")
    def __init__(self, n):
        self.n = n

    def __repr__(self):
        return f"Inside({self.n})"
"""


def outcome(folder: Path, run_cli: RunCli, text: str, config: str) -> tuple[str, str]:
    """Status and reason of the root when it is run with a text of `steps.py`."""
    (folder / "steps.py").write_text(text)
    (folder / "conf.yaml").write_text(config)
    done = run_cli("run", "conf.yaml", "-p", "--json")
    document: dict[str, Any] = json.loads(done.stdout)
    assert document["ok"], done.stderr
    [node] = [each for each in document["nodes"] if each["path"] == ""]
    return node["status"], node["reason"]["code"] if node["reason"] else ""


@pytest.mark.parametrize("target", ["f", "Box", "Inside"])
def test_version_in_a_config_lies_over_the_mark_in_code(tmp_path: Path, run_cli: RunCli, target: str) -> None:
    other = FUNCTION.replace('"1"', '"2"')
    unmarked = FUNCTION.replace('@v("1")\n', "").replace('    @hydra_cached.version("1")\n', "")
    config = f"{{_target_: steps.{target}, n: 1, _version_: '7'}}\n"
    assert outcome(tmp_path, run_cli, FUNCTION, config) == ("ran", "new")
    assert outcome(tmp_path, run_cli, other, config) == ("hit", "")
    if target != "Box":
        # what decorates a class makes the annotations of its methods count
        assert outcome(tmp_path, run_cli, unmarked, config) == ("hit", "")
    config = f"{{_target_: steps.{target}, n: 2}}\n"
    assert outcome(tmp_path, run_cli, FUNCTION, config)[0] == "ran"
    assert outcome(tmp_path, run_cli, other, config) == ("ran", "version_changed")
    assert outcome(tmp_path, run_cli, unmarked, config) == ("ran", "version_changed")
    assert outcome(tmp_path, run_cli, FUNCTION, config) == ("hit", "")


def test_version_of_what_a_target_calls_or_is_given_counts(tmp_path: Path, run_cli: RunCli) -> None:
    text = FUNCTION + "\ndef call(n):\n    return f(n)\n\ndef give(g):\n    return g(1)\n"
    other = text.replace('@v("1")\ndef f', '@v("2")\ndef f')
    for config in (
        "{_target_: steps.call, n: 1, _version_: '7'}\n",
        "{_target_: steps.give, g: {_target_: hydra.utils.get_method, path: steps.f}}\n",
        "{_target_: steps.give, g: {_target_: steps.f, _partial_: true}}\n",
    ):
        assert outcome(tmp_path, run_cli, text, config)[0] == "ran"
        assert outcome(tmp_path, run_cli, text, config) == ("hit", "")
        assert outcome(tmp_path, run_cli, other, config)[0] == "ran"


@pytest.mark.parametrize(
    ("before", "after", "reason"),
    [
        ('env("ONE")', 'env("OTHER")', "env_changed"),
        ('env("ONE")', 'env("ONE", "OTHER")', "env_changed"),
        ('input_files("folder")', 'input_files("folder", "other")', "code_changed"),
        ("input_files()", 'input_files("folder")', "code_changed"),
        ('output_files("one.txt")', 'output_files("other.txt")', "code_changed"),
        ("depends_on(one)", "depends_on(other)", "code_changed"),
        ("depends_on(one)", 'depends_on("steps.other")', "code_changed"),
        ("not_deterministic", "not_cached", "not_stored"),
        ("not_cached", "not_deterministic", "not_deterministic"),
    ],
)
def test_edit_of_a_mark_is_seen(tmp_path: Path, run_cli: RunCli, before: str, after: str, reason: str) -> None:
    text = "import hydra_cached\n\ndef one():\n    return 1\n\ndef other():\n    return 2\n\n"
    text += "@hydra_cached.{}\ndef f(folder, other):\n    return folder\n"
    for name in ("folder", "other"):
        (tmp_path / name).mkdir()
    for name in ("one.txt", "other.txt"):
        (tmp_path / name).write_text("here")
    config = "{_target_: steps.f, folder: folder, other: other}\n"
    assert outcome(tmp_path, run_cli, text.format(before), config)[0] == "ran"
    assert outcome(tmp_path, run_cli, text.format(after), config) == ("ran", reason)


@pytest.mark.parametrize(
    "imports",
    [
        "from own import version",
        "from hydra_cached import version\nfrom own import version",
        "from hydra_cached import version\nfrom own import *",
        "from hydra_cached import version\nversion = __import__('own').version",
        "import own as hydra_cached\nversion = hydra_cached.version",
    ],
)
def test_decorator_of_the_same_name_counts_as_code(tmp_path: Path, run_cli: RunCli, imports: str) -> None:
    (tmp_path / "own.py").write_text("def version(text):\n    return lambda function: lambda n: (text, function(n))\n")
    text = imports + "\n\n@version({!r})\ndef f(n):\n    return n\n"
    config = "{_target_: steps.f, n: 1, _version_: '7'}\n"
    assert outcome(tmp_path, run_cli, text.format("1"), config) == ("ran", "new")
    assert outcome(tmp_path, run_cli, text.format("2"), config) == ("ran", "code_changed")


@pytest.mark.parametrize(
    "added",
    [
        "def unused(version):\n    return version\n",
        "def unused():\n    version = 1\n    return version\n",
        "def unused():\n    import hydra_cached as version\n    return version\n",
        "unused = lambda version: version\n",
        "unused = [version for version in (1, 2)]\n",
        "class Unused:\n    version = 1\n",
    ],
    ids=["parameter", "local name", "local import", "lambda", "comprehension", "class"],
)
def test_a_name_of_something_else_makes_no_mark_count_as_code(tmp_path: Path, run_cli: RunCli, added: str) -> None:
    text = "try:\n    from hydra_cached import version\nexcept ImportError:\n    raise\n\n"
    text += "@version('1')\ndef f(n):\n    return n\n"
    config = "{_target_: steps.f, n: 1, _version_: '7'}\n"
    assert outcome(tmp_path, run_cli, text, config) == ("ran", "new")
    assert outcome(tmp_path, run_cli, text + added, config) == ("hit", "")
    assert outcome(tmp_path, run_cli, text.replace("'1'", "'2'") + added, config) == ("hit", "")


def test_a_decorator_that_only_has_the_name_of_a_mark_is_code(tmp_path: Path, run_cli: RunCli) -> None:
    text = """
from hydra_cached import version

def outer(n):
    def version(text):
        return lambda function: lambda: function() + text

    @version("a")
    def inner():
        return str(n)

    return inner()

class Box:
    def version(text):
        return lambda function: lambda self: function(self) + text

    @version("b")
    def get(self):
        return "box"

def opened(n):
    return Box().get()
"""
    for target, old, new in (("outer", '"a"', '"c"'), ("opened", '"b"', '"d"')):
        config = f"{{_target_: steps.{target}, n: 1}}\n"
        assert outcome(tmp_path, run_cli, text, config)[0] == "ran"
        assert outcome(tmp_path, run_cli, text.replace(old, new), config) == ("ran", "code_changed")
