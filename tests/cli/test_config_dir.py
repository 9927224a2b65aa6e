"""`--config-dir` and `--config-name`: a Hydra config directory is run as it is."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path

import pytest

from tests.cli.pipelines import STEPS, calls, document, statuses
from tests.conftest import RunCli

CONFIGS = {
    "steps.py": STEPS,
    "conf/config.yaml": """
        defaults:
          - source: small
          - _self_
        _target_: steps.total
        values: {_target_: steps.scale, values: "${source}", by: 2}
        """,
    "conf/sums.yaml": "_target_: steps.total\nvalues: [1, 2]\noffset: 10\n",
    "conf/source/small.yaml": "_target_: steps.load\nn: 3\n",
    "conf/source/large.yaml": "_target_: steps.load\nn: 5\n",
}
DIRECTORY = ["--config-dir", "conf", "-o", "values"]


@pytest.fixture
def configs(project: Callable[[Mapping[str, str]], Path]) -> Path:
    return project(CONFIGS)


def test_all_arguments_are_overrides_of_values_and_groups(configs: Path, run_cli: RunCli) -> None:
    done = run_cli("run", *DIRECTORY, "source=large", "values.by=3", "--print")
    assert (done.returncode, done.stdout) == (0, "[0, 3, 6, 9, 12]\n")


def test_results_are_reused_over_groups(configs: Path, run_cli: RunCli) -> None:
    run_cli("run", *DIRECTORY, "-p", "source=large")
    done = run_cli("run", *DIRECTORY, "-p", "--json", "source.n=5")
    assert set(statuses(done).values()) == {"hit", "skipped"}
    assert document(done)["pipeline"] == "conf/config"
    assert calls(configs) == ["load", "scale"]


@pytest.mark.parametrize("option", ["--config-name", "--config_name"])
def test_another_primary_config_is_chosen(option: str, configs: Path, run_cli: RunCli) -> None:
    assert run_cli("run", "--config-dir", "conf", option, "sums", "--print").stdout == "13\n"


def test_the_composed_config_is_shown(configs: Path, run_cli: RunCli) -> None:
    done = run_cli("show-config", "--config-dir", "conf", "source=large", "--resolve")
    assert (done.returncode, done.stderr) == (0, "")
    assert "source: &source\n  _target_: steps.load\n  n: 5\n" in done.stdout
    assert calls(configs) == []


def test_targets_are_checked_as_those_of_yaml_files(configs: Path, run_cli: RunCli) -> None:
    done = run_cli("run", "--config-dir", "conf", "--config-name", "sums", "_target_=os.system")
    assert done.returncode == 2
    assert 'target "os.system" at the root is refused' in done.stderr


@pytest.mark.parametrize(
    ("arguments", "message", "hint"),
    [
        (["--config-dir", "cnf"], 'the config directory "cnf" does not exist', "--config-dir names"),
        (["--config-dir", ""], "the config directory has an empty name", "--config-dir conf"),
        (["--config-dir", "conf", "--config-name", " "], "the config has an empty name", "--config-name config"),
        (["--config-dir", "conf", "source=lage"], 'no option "lage" in config group', "did you mean source=large?"),
        (["--config-dir", "conf", "-o", "nope"], '"conf/config" has no "nope"', "choose one with -o NAME"),
        (
            ["--config-dir", "conf", "steps"],
            'cannot parse the override "steps"',
            "with --config-dir there is no PIPELINE",
        ),
        (["--config-name", "sums", "conf"], "--config-name needs --config-dir", "-o NAME"),
        ([], "missing argument 'PIPELINE'", "--config-dir DIR"),
    ],
)
@pytest.mark.parametrize("command", ["run", "show-config"])
def test_what_is_wrong_is_one_line_and_a_hint(
    command: str, arguments: list[str], message: str, hint: str, configs: Path, run_cli: RunCli
) -> None:
    done = run_cli(command, *arguments)
    lines = done.stderr.splitlines()
    assert (done.returncode, done.stdout, len(lines)) == (2, "", 2)
    assert lines[0].startswith("error: ")
    assert message in lines[0]
    assert lines[1].startswith("hint: ")
    assert hint in lines[1]
