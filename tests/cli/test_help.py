"""Help, version, and what it costs to ask for them."""

from __future__ import annotations

import subprocess
import sys

import pytest

from hydra_cached import __version__
from tests.conftest import RunCli

COMMANDS = [
    [],
    ["run"],
    ["runs"],
    ["runs", "show"],
    ["runs", "diff"],
    ["show-config"],
    ["target-id"],
    ["cache"],
    ["cache", "ls"],
    ["cache", "clear"],
]


@pytest.mark.parametrize("command", COMMANDS, ids=" ".join)
def test_every_command_has_help_under_both_names(command: list[str], run_cli: RunCli) -> None:
    done = run_cli(*command, "-h")
    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout.startswith(" ".join(["Usage: hydra-cached", *command]))
    assert run_cli(*command, "--help").stdout == done.stdout


@pytest.mark.parametrize("command", [[], ["cache"]], ids=["hydra-cached", "cache"])
def test_without_a_command_there_is_help(command: list[str], run_cli: RunCli) -> None:
    done = run_cli(*command)
    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout == run_cli(*command, "-h").stdout


def test_instantiate_has_the_help_of_run(run_cli: RunCli) -> None:
    own = run_cli("-h", command="instantiate").stdout
    assert own.partition("\n\n")[2] == run_cli("run", "-h").stdout.partition("\n\n")[2]


def test_the_version_is_printed(run_cli: RunCli) -> None:
    assert run_cli("--version").stdout == f"hydra-cached {__version__}\n"


@pytest.mark.parametrize("arguments", [["-h"], ["run", "-h"], ["target-id", "json.dumps"], ["cache", "ls"], ["runs"]])
def test_what_a_command_does_not_need_is_not_imported(arguments: list[str], tmp_path: object) -> None:
    code = (
        "import sys; from hydra_cached.cli.app import make_app; from hydra_cached.cli.exits import run_app\n"
        f"run_app(make_app('hydra-cached', {arguments!r}), 'hydra-cached', {arguments!r})\n"
        "print(sorted({'hydra', 'omegaconf', 'diskcache', 'yaml', 'numpy', 'hydra_cached.api'} & set(sys.modules)))"
    )
    done = subprocess.run([sys.executable, "-c", code], cwd=str(tmp_path), capture_output=True, text=True, check=True)
    assert done.stdout.splitlines()[-1] == "[]"
