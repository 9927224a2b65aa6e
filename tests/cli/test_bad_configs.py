"""Configs that no run can make sense of, or only just: one line that says where, one hint, exit code 2."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path

import pytest

from hydra_cached.errors import ConfigError
from hydra_cached.graph.nesting import at_any_depth
from tests.cli.pipelines import document
from tests.conftest import RunCli

Project = Callable[[Mapping[str, str]], Path]

# like the expressions of polars
ANSWERING = """
class Answer:
    def __bool__(self):
        raise TypeError("the truth value is ambiguous")

class Column:
    def __getattr__(self, name):
        if name.startswith("__wrapped__"):
            raise AttributeError(name)
        return Answer()

    def __call__(self, x):
        return x

col = Column()
"""


@pytest.mark.parametrize("options", [[], ["-p"], ["-j", "2"]], ids=["plain", "stored", "workers"])
def test_a_target_that_answers_to_any_attribute_is_called(
    options: list[str], project: Project, run_cli: RunCli
) -> None:
    project({"columns.py": ANSWERING, "conf.yaml": "a: {_target_: columns.col, _args_: [x]}\n"})
    done = run_cli("run", "conf.yaml", "--json", *options)
    assert document(done)["result"] == "{'a': 'x'}"
    assert [node["target"] for node in document(done)["nodes"]] == ["columns.col"]


def test_a_target_that_answers_to_any_attribute_has_an_id_and_code(project: Project, run_cli: RunCli) -> None:
    project({"columns.py": ANSWERING})
    assert run_cli("target-id", "columns.col").stdout == "columns.col\n"
    assert run_cli("why", "--code", "columns.col").returncode == 0


# --- deep and large ---------------------------------------------------------------------------------------------------


def nested_calls(depth: int) -> str:
    lines = ["a:"]
    for level in range(depth):
        indent = " " * (level + 1)
        lines += [f"{indent}_target_: builtins.dict", f"{indent}k:"]
    return "\n".join(lines) + " 1\n"


DEEP = {
    "calls": nested_calls(400),
    "flow lists": f"a: {'[' * 2000}{']' * 2000}\n",
    "block mappings": "".join(f"{' ' * level}k:\n" for level in range(600)) + f"{' ' * 600}k: 1\n",
}


@pytest.mark.parametrize("text", DEEP.values(), ids=DEEP)
def test_a_deep_file_is_run_and_shown(text: str, project: Project, run_cli: RunCli) -> None:
    folder = project({"conf.yaml": text})
    for words in (["run", "-p", "-d"], ["run", "-n"]):
        done = run_cli(*words, "conf.yaml")
        assert (done.returncode, "Traceback" in done.stderr) == (0, False)
    shown = run_cli("show-config", "conf.yaml")
    assert (shown.returncode, shown.stderr) == (0, "")
    (folder / "again.yaml").write_text(shown.stdout)
    assert run_cli("show-config", "again.yaml").stdout == shown.stdout


def test_what_no_stack_is_large_enough_for_is_told() -> None:
    def descend() -> None:
        descend()

    with pytest.raises(ConfigError, match="nested too deep"):
        at_any_depth(descend)


@pytest.mark.parametrize(
    ("words", "said", "hint"),
    [
        (["conf.yaml"], '"conf.yaml", line 2, column 4: an int of 5000 digits', "hexadecimal"),
        (["hex.yaml", f"x={'9' * 5000}"], f'override "x={"9" * 58}...": Exceeds the limit', "hexadecimal"),
        (["tagged.yaml"], 'line 1, column 4: "soon" is no int', "its tag"),
        (["truth.yaml"], 'line 1, column 4: "maybe" is no bool', "its tag"),
    ],
    ids=["file", "override", "int", "bool"],
)
@pytest.mark.parametrize("command", ["run", "show-config"])
def test_a_number_that_python_does_not_read_is_told(
    command: str, words: list[str], said: str, hint: str, project: Project, run_cli: RunCli
) -> None:
    project(
        {
            "conf.yaml": f"y: 1\nx: {'9' * 5000}\n",
            "hex.yaml": "x: 0xfff\n",
            "tagged.yaml": "x: !!int soon\n",
            "truth.yaml": "x: !!bool maybe\n",
        }
    )
    done = run_cli(command, *words)
    assert (done.returncode, done.stdout) == (2, "")
    error, hinted = done.stderr.splitlines()
    assert said in error
    assert hint in hinted


def test_a_large_number_is_stored_and_shown_in_hexadecimal(project: Project, run_cli: RunCli) -> None:
    text = f"a:\n  _target_: builtins.dict\n  x: 0x{'f' * 5000}\n  y: -0x{'e' * 5000}\n"
    project({"conf.yaml": text})
    assert run_cli("show-config", "conf.yaml").stdout == text
    for status in ("ran", "hit"):
        done = run_cli("run", "conf.yaml", "-p", "--json")
        assert [node["status"] for node in document(done)["nodes"]] == [status]
    assert run_cli("why", "conf.yaml", "a", f"a.x={'8' * 600}").returncode == 0


# --- where it is wrong ------------------------------------------------------------------------------------------------

LIST = "q: {b: [{_target_: builtins.dict, %s}]}"
MISPLACED = {
    "key": (LIST % 'x: "${nope.x}"', "q.b.0.x", "Interpolation key 'nope.x' not found"),
    "key in text": (LIST % 'x: "v ${nope.x}"', "q.b.0.x", "Interpolation key 'nope.x' not found"),
    "key in what is handed on": (
        LIST % '_recursive_: false, y: {x: "${nope.x}"}',
        "q.b.0.y.x",
        "Interpolation key 'nope.x' not found",
    ),
    "resolver": (LIST % 'x: "${nope:1}"', "q.b.0.x", "Unsupported interpolation type nope"),
    "variable": (LIST % 'x: "${oc.env:NO_SUCH}"', "q.b.0.x", "Environment variable 'NO_SUCH' not found"),
    "index": ("l: [1]\n" + LIST % 'x: "${l.7}"', "q.b.0.x", "Interpolation key 'l.7' not found"),
    "grammar": (LIST % 'x: "${a"', "q.b.0.x", "no viable alternative at input"),
    "missing": (LIST % 'x: "???"', "q.b.0.x", "missing value"),
    "partial": (LIST % "_partial_: maybe", "q.b.0._partial_", "_partial_ flag must be a bool"),
    "recursive": (LIST % "_recursive_: [1]", "q.b.0._recursive_", "_recursive_ flag must be a bool"),
    "number": ("q: [{_target_: 3}]", "q.0", "Expected a callable target, got '3' of type 'int'"),
    "nothing": ("q: [{_target_: null}]", "q.0", "Expected a callable target, got 'None'"),
    "list": ("q: [{_target_: [1]}]", "q.0", "Expected a callable target, got '[1]'"),
    "constant": ("q: [{_target_: math.pi}]", "q.0", "Expected a callable target, got '3.14"),
}


@pytest.mark.parametrize(("text", "path", "said"), MISPLACED.values(), ids=MISPLACED)
def test_an_error_says_at_which_config_path_it_came_up(
    text: str, path: str, said: str, project: Project, run_cli: RunCli
) -> None:
    project({"conf.yaml": f"{text}\n"})
    done = run_cli("run", "conf.yaml", "--json")
    assert done.returncode == 2
    assert document(done)["error"]["path"] == path
    error, _ = done.stderr.splitlines()
    assert said in error
    assert error.endswith(f' at "{path}"')


def test_an_error_of_a_key_of_ours_has_its_path_once(project: Project, run_cli: RunCli) -> None:
    project({"conf.yaml": LIST % "_env_: 3"})
    done = run_cli("run", "conf.yaml", "--json")
    assert document(done)["error"]["path"] == "q.b.0"
    assert done.stderr.splitlines()[0] == "error: _env_ at q.b.0 must be a list of names, got 3"
