"""`run --allow`: which targets a pipeline may call, from YAML and from Python, computed and reused."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from tests.cli.pipelines import RESULT, calls, document, statuses
from tests.conftest import RunCli

YAML = """
_target_: steps.total
values:
  _target_: steps.scale
  by: 2
  values: {_target_: steps.load, n: 4}
"""
DELETING = """
model:
  _target_: steps.total
  values: [1]
  offset: {_target_: os.remove, path: precious.txt}
"""


@pytest.fixture
def yaml_folder(folder: Path) -> Path:
    (folder / "conf.yaml").write_text(YAML)
    (folder / "deleting.yaml").write_text(DELETING)
    (folder / "precious.txt").write_text("data")
    return folder


def test_a_yaml_pipeline_runs_the_users_functions(yaml_folder: Path, run_cli: RunCli) -> None:
    done = run_cli("run", "conf.yaml", "--print")
    assert (done.returncode, done.stdout) == (0, f"{RESULT}\n")


def test_a_yaml_pipeline_that_destroys_data_is_refused_before_anything_runs(yaml_folder: Path, run_cli: RunCli) -> None:
    done = run_cli("run", "deleting.yaml")
    assert done.returncode == 2
    assert done.stderr.splitlines() == [
        'error: target "os.remove" at model.offset is refused: it deletes, moves or changes files',
        "hint: allow it with --allow 'os.remove' --allow '*' if you trust this config",
    ]
    assert (yaml_folder / "precious.txt").exists()
    assert calls(yaml_folder) == []


def test_what_the_hint_says_runs(yaml_folder: Path, run_cli: RunCli) -> None:
    done = run_cli("run", "deleting.yaml", "--allow", "os.remove", "--allow", "*", "model.offset.path=precious.txt")
    assert not (yaml_folder / "precious.txt").exists()
    # os.remove gives None, which steps.total cannot add
    assert done.returncode == 1


@pytest.mark.parametrize(
    "override",
    ["model.offset._target_=shutil.os.remove", "model.offset._target_=posix.remove", "model._target_=os.kill"],
)
def test_an_alias_and_an_override_are_refused_too(override: str, yaml_folder: Path, run_cli: RunCli) -> None:
    done = run_cli("run", "deleting.yaml", override)
    assert done.returncode == 2
    assert " is refused: it " in done.stderr
    assert (yaml_folder / "precious.txt").exists()


def test_a_refusal_is_in_the_document(yaml_folder: Path, run_cli: RunCli) -> None:
    done = run_cli("run", "deleting.yaml", "--json")
    assert done.returncode == 2
    error = document(done)["error"]
    assert (error["path"], error["type"]) == ("model.offset", "TargetError")
    assert error["message"].startswith('target "os.remove" at model.offset is refused')


def test_an_allow_list_refuses_what_is_not_on_it(yaml_folder: Path, run_cli: RunCli) -> None:
    assert run_cli("run", "conf.yaml", "--allow", "steps.*").returncode == 0
    assert run_cli("run", "conf.yaml", "--allow", "steps.total", "--allow", "steps.[ls]*").returncode == 0
    done = run_cli("run", "conf.yaml", "--allow", "steps.total", "--allow", "steps.load")
    assert done.returncode == 2
    assert done.stderr.splitlines() == [
        'error: target "steps.scale" at values is refused: no --allow matches it',
        "hint: allow it with --allow 'steps.scale' if you trust this config",
    ]


def test_a_module_that_is_not_allowed_is_not_imported(yaml_folder: Path, run_cli: RunCli) -> None:
    (yaml_folder / "other.py").write_text("open('imported', 'w')\n")
    assert run_cli("run", "conf.yaml", "--allow", "steps.*", "_target_=other.f").returncode == 2
    assert not (yaml_folder / "imported").exists()


@pytest.mark.parametrize("allowed", [["*"], ["loading.*", "found.*"], ["loading.*"]], ids=["all", "both", "one"])
@pytest.mark.parametrize("name", ["found.key", "found:key"])
def test_code_that_a_text_names_counts_with_an_allow_list_too(
    folder: Path, run_cli: RunCli, allowed: list[str], name: str
) -> None:
    (folder / "found.py").write_text("open('imported', 'a').write('x')\n\ndef key():\n    return 1\n")
    (folder / "loading.py").write_text(
        "import importlib\n\ndef load(name, dry=False):\n    module, _, name = name.replace(':', '.').rpartition('.')\n"
        "    return 0 if dry else getattr(importlib.import_module(module), name)()\n"
    )
    (folder / "naming.yaml").write_text(f"_target_: loading.load\nname: {name}\n")
    command = ["run", "naming.yaml", "-p", "--json", *(f"--allow={each}" for each in allowed)]
    assert document(run_cli(*command))["result"] == "1"
    assert statuses(run_cli(*command)) == {"": "hit"}
    (folder / "found.py").write_text("open('imported', 'a').write('x')\n\ndef key():\n    return 2\n")
    assert document(run_cli(*command))["result"] == "2"
    assert statuses(run_cli(*command)) == {"": "hit"}
    (folder / "imported").unlink()
    assert document(run_cli(*command, "+dry=true"))["result"] == "0"
    # for its fingerprint
    assert (folder / "imported").exists() == (allowed != ["loading.*"])


def test_a_python_pipeline_is_the_users_own_code_unless_they_ask(folder: Path, run_cli: RunCli) -> None:
    (folder / "cleaning.py").write_text('config = dict(_target_="os.remove", path="old.txt")\n')
    (folder / "old.txt").write_text("")
    refused = run_cli("run", "cleaning", "--allow", "*")
    assert (refused.returncode, (folder / "old.txt").exists()) == (2, True)
    assert run_cli("run", "cleaning").returncode == 0
    assert not (folder / "old.txt").exists()


def test_a_hit_is_checked_as_a_miss_is(yaml_folder: Path, run_cli: RunCli) -> None:
    assert run_cli("run", "conf.yaml", "-p", "--allow", "steps.*").returncode == 0
    assert statuses(run_cli("run", "conf.yaml", "-p", "--json", "--allow", "steps.*"))[""] == "hit"
    refused = run_cli("run", "conf.yaml", "-p", "--json", "--allow", "steps.total", "--allow", "steps.scale")
    assert refused.returncode == 2
    # the node below the hit, which would not even have been loaded
    assert json.loads(refused.stdout)["error"]["path"] == "values.values"
    assert calls(yaml_folder) == ["load", "scale", "total"]


def test_what_was_stored_while_allowed_is_refused_when_it_no_longer_is(yaml_folder: Path, run_cli: RunCli) -> None:
    (yaml_folder / "shell.yaml").write_text("{_target_: subprocess.getoutput, cmd: echo run >> shell.txt}")
    allowed = ["--allow", "subprocess.getoutput"]
    assert run_cli("run", "shell.yaml", "-p", *allowed).returncode == 0
    assert statuses(run_cli("run", "shell.yaml", "-p", "--json", *allowed)) == {"": "hit"}
    refused = run_cli("run", "shell.yaml", "-p")
    assert refused.returncode == 2
    assert 'target "subprocess.getoutput" at the root is refused: it runs shell commands' in refused.stderr
    assert (yaml_folder / "shell.txt").read_text() == "run\n"


def test_an_empty_entry_is_refused(yaml_folder: Path, run_cli: RunCli) -> None:
    done = run_cli("run", "conf.yaml", "--allow", "")
    assert done.returncode == 2
    assert "hint: write it as --allow 'mypkg.*'" in done.stderr
