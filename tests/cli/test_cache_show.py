"""`cache show`."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
import yaml

from tests.cli.pipelines import RESULT
from tests.conftest import RunCli


@pytest.fixture
def filled(folder: Path, run_cli: RunCli) -> Path:
    run_cli("run", "conf", "-p")
    run_cli("run", "conf", "-p")
    return folder


def stored(run_cli: RunCli, target: str) -> dict[str, Any]:
    (entry,) = json.loads(run_cli("cache", "ls", "--json", "--target", target).stdout)
    found: dict[str, Any] = entry
    return found


def test_all_that_is_known_is_shown_as_yaml(filled: Path, run_cli: RunCli) -> None:
    key = stored(run_cli, "steps.scale")["key"]
    shown = yaml.safe_load(run_cli("cache", "show", key[:8]).stdout)
    assert (shown["key"], shown["target"], shown["path"]) == (key, "steps.scale", "values")
    assert shown["config"] == {"_target_": "steps.scale", "values": "${values.values}", "by": 2}
    assert shown["parents"] == [stored(run_cli, "steps.load")["key"]]
    assert set(shown["arguments"]) == {"values", "by"}
    assert "python" in shown["versions"]
    assert shown["pinned"] is False
    assert shown["size"].endswith("in the index")


def test_json_has_figures_as_numbers(filled: Path, run_cli: RunCli) -> None:
    entry = stored(run_cli, "steps.total")
    shown = json.loads(run_cli("cache", "show", entry["key"], "--json").stdout)
    assert {name: shown[name] for name in ("key", "target", "path", "hits", "seconds", "size_bytes")} == {
        name: entry[name] for name in ("key", "target", "path", "hits", "seconds", "size_bytes")
    }
    assert shown["hits"] == 1
    assert shown["config"]["_target_"] == "steps.total"
    assert shown["object"] is None


def test_recipe_key_names_a_result_too(filled: Path, run_cli: RunCli) -> None:
    document = json.loads(run_cli("run", "conf", "-p", "--json").stdout)
    (root,) = (node for node in document["nodes"] if node["path"] == "")
    shown = json.loads(run_cli("cache", "show", root["recipe_key"][:12], "--json").stdout)
    assert shown["target"] == "steps.total"


def test_provenance_tells_code_files_and_declared_variables(folder: Path, run_cli: RunCli) -> None:
    (folder / "reader.py").write_text(
        "import os\n\ndef size(name):\n    return len(open(name).read()) + bonus()\n\ndef bonus():\n    return 1\n\n"
        "config = dict(_target_=size, name='data.txt', _env_=['SOME_SETTING'])\n"
    )
    (folder / "data.txt").write_text("12345")
    assert run_cli("run", "reader", "-p", "--print", env={"SOME_SETTING": "on"}).stdout == "6\n"
    key = stored(run_cli, "reader.size")["key"]
    shown = json.loads(run_cli("cache", "show", key, "--json").stdout)
    assert [each["path"] for each in shown["inputs"]] == ["data.txt"]
    assert shown["env"] == {"SOME_SETTING": "on"}
    assert {each["id"] for each in shown["definitions"]} >= {"reader.size", "reader.bonus"}
    text = yaml.safe_load(run_cli("cache", "show", key).stdout)
    assert "reader.bonus (reader.py:6)" in text["definitions"]
    assert list(text["inputs"]) == ["data.txt"]


def test_value_is_printed_alone(filled: Path, run_cli: RunCli) -> None:
    done = run_cli("cache", "show", stored(run_cli, "steps.total")["key"], "--value")
    assert (done.returncode, done.stdout, done.stderr) == (0, f"{RESULT}\n", "")


def test_value_whose_class_is_in_the_project_is_loaded(folder: Path, run_cli: RunCli) -> None:
    (folder / "shapes.py").write_text(
        "class Box:\n    def __str__(self):\n        return 'a box'\n\nconfig = dict(_target_=Box)\n"
    )
    run_cli("run", "shapes", "-p")
    key = stored(run_cli, "shapes.Box")["key"]
    assert run_cli("cache", "show", key, "--value").stdout == "a box\n"
    (folder / "shapes.py").write_text("")
    done = run_cli("cache", "show", key, "--value")
    assert done.returncode == 2
    assert done.stderr.startswith("error: the stored result does not load: ")
    assert len(done.stderr.splitlines()) == 2


def test_lineage_is_drawn_as_a_tree(filled: Path, run_cli: RunCli) -> None:
    key = stored(run_cli, "steps.total")["key"]
    lines = run_cli("cache", "show", key, "--lineage").stdout.splitlines()
    assert "steps.total" in lines[0]
    assert lines[1].startswith("└── ")
    assert "steps.scale" in lines[1]
    assert "steps.load" in lines[2]
    assert len(lines) == 3
    told = json.loads(run_cli("cache", "show", key, "--lineage", "--json").stdout)
    assert [(each["depth"], each["target"]) for each in told] == [
        (0, "steps.total"),
        (1, "steps.scale"),
        (2, "steps.load"),
    ]


def test_parent_that_is_gone_is_told(filled: Path, run_cli: RunCli) -> None:
    run_cli("cache", "clear", "--target", "steps.load", "--yes")
    key = stored(run_cli, "steps.total")["key"]
    lines = run_cli("cache", "show", key, "--lineage").stdout.splitlines()
    assert lines[2].endswith("no longer stored")


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (("0" * 12,), 'there is no result "000000000000"'),
        (("xyz",), 'invalid key "xyz"'),
        (("abc",), 'invalid key "abc"'),
        (("0" * 12, "--value", "--json"), "--value prints the result alone"),
    ],
)
def test_bad_arguments_are_one_line_and_a_hint(
    filled: Path, run_cli: RunCli, arguments: tuple[str, ...], message: str
) -> None:
    done = run_cli("cache", "show", *arguments)
    assert (done.returncode, done.stdout) == (2, "")
    first, second = done.stderr.splitlines()
    assert first == f"error: {message}"
    assert second.startswith("hint: ")
