"""`cache export` and `cache import`."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from tests.cli.pipelines import calls, statuses
from tests.cli.terminals import run_on_terminal
from tests.conftest import RunCli


@pytest.fixture
def filled(folder: Path, run_cli: RunCli) -> Path:
    (folder / "big.py").write_text("def make():\n    return b'x' * 500_000\n\nconfig = dict(_target_=make)\n")
    run_cli("run", "conf", "-p")
    run_cli("run", "conf:other", "-p")
    run_cli("run", "big", "-p")
    return folder


def targets(run_cli: RunCli, directory: str) -> list[str]:
    return sorted(entry["target"] for entry in json.loads(run_cli("cache", "ls", "--json", "-c", directory).stdout))


def test_results_are_found_in_another_directory(filled: Path, run_cli: RunCli) -> None:
    made = calls(filled)
    done = run_cli("cache", "export", "results")
    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout.startswith("exported 5 entries, 5")
    done = run_cli("cache", "import", "results", "-c", "other")
    assert (done.returncode, done.stdout, done.stderr) == (0, "imported 5 entries\n", "")
    assert statuses(run_cli("run", "conf", "-p", "-c", "other", "--json"))[""] == "hit"
    assert statuses(run_cli("run", "big", "-p", "-c", "other", "--json"))[""] == "hit"
    assert calls(filled) == made
    again = run_cli("cache", "import", "results", "-c", "other")
    assert again.stdout == "imported 0 entries; 5 were here already\n"


def test_results_are_chosen_by_target_pipeline_and_key(filled: Path, run_cli: RunCli) -> None:
    run_cli("cache", "export", "by-target", "--target", "steps.*")
    run_cli("cache", "import", "by-target", "-c", "a")
    assert targets(run_cli, "a") == ["steps.load", "steps.scale", "steps.total", "steps.total"]
    run_cli("cache", "export", "by-pipeline", "--pipeline", "conf:other")
    run_cli("cache", "import", "by-pipeline", "-c", "b")
    assert targets(run_cli, "b") == ["steps.load", "steps.total"]
    key = json.loads(run_cli("cache", "ls", "--json", "--target", "steps.load").stdout)[0]["key"]
    run_cli("cache", "export", "by-key", "--key", key[:10])
    run_cli("cache", "import", "by-key", "-c", "c")
    assert targets(run_cli, "c") == ["steps.load"]
    run_cli("cache", "export", "by-all", "--pipeline", "conf:other", "--pipeline", "big", "--target", "*.m*")
    run_cli("cache", "import", "by-all", "-c", "d")
    assert targets(run_cli, "d") == ["big.make"]


def test_foreign_archive_is_taken_only_when_it_is_trusted(filled: Path, run_cli: RunCli) -> None:
    run_cli("cache", "export", "results", env={"HYDRA_CACHED_KEY": ""})
    mine = {"HYDRA_CACHED_KEY": "another key"}
    refused = run_cli("cache", "import", "results", "-c", "other", env=mine, stdin="y\n")
    assert refused.returncode == 2
    assert "does not carry the seal of your key" in refused.stderr
    assert "hint: use --trust if you know where it comes from" in refused.stderr
    assert not (filled / "other").exists()
    taken = run_cli("cache", "import", "results", "-c", "other", "--trust", env=mine)
    assert (taken.returncode, taken.stdout) == (0, "imported 5 entries\n")
    assert statuses(run_cli("run", "conf", "-p", "-c", "other", "--json", env=mine))[""] == "hit"


@pytest.mark.parametrize(("answer", "said"), [(b"y\n", "imported 5 entries"), (b"n\n", "nothing was imported")])
def test_terminal_is_asked_whether_a_foreign_archive_is_trusted(
    answer: bytes, said: str, filled: Path, run_cli: RunCli, monkeypatch: pytest.MonkeyPatch
) -> None:
    run_cli("cache", "export", "results")
    monkeypatch.setenv("HYDRA_CACHED_KEY", "another key")
    code, shown = run_on_terminal("cache", "import", "results", "-c", "other", typed=answer)
    assert code == 0
    assert "Trust it? [y/N]" in shown
    assert said in shown


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (("export", "results", "-c", "nowhere"), "there is nothing to export"),
        (("export", "results", "--target", "no.such"), "there is nothing to export"),
        (("export", "results", "--key", "0" * 12), 'there is no result "000000000000"'),
        (("export", "no/such/folder/results"), 'cannot write "no/such/folder/results": No such file or directory'),
        (("import", "absent"), 'cannot read "absent": No such file or directory'),
        (("import", "conf.py"), '"conf.py" is no archive of hydra-cached'),
    ],
)
def test_bad_arguments_are_one_line_and_a_hint(
    filled: Path, run_cli: RunCli, arguments: tuple[str, ...], message: str
) -> None:
    done = run_cli("cache", *arguments)
    assert (done.returncode, done.stdout) == (2, "")
    first, second = done.stderr.splitlines()
    assert first == f"error: {message}"
    assert second.startswith("hint: ")
