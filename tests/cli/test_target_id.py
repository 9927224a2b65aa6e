"""`target-id`."""

from __future__ import annotations

from pathlib import Path

from tests.conftest import RunCli


def test_each_name_gets_its_id_on_a_line(folder: Path, run_cli: RunCli) -> None:
    names = ("os.path.join", "builtins.len", "pathlib.Path.read_text", "steps.load", "collections.OrderedDict")
    done = run_cli("target-id", *names)
    assert done.stdout.splitlines() == [
        "posixpath.join",
        "builtins.len",
        "pathlib.Path.read_text",
        "steps.load",
        "collections.OrderedDict",
    ]
    assert (done.returncode, done.stderr) == (0, "")


def test_a_misspelt_name_prints_no_ids_and_suggests_a_near_one(folder: Path, run_cli: RunCli) -> None:
    done = run_cli("target-id", "steps.load", "steps.lod")
    assert (done.returncode, done.stdout) == (2, "")
    assert 'hint: did you mean "steps.load"?' in done.stderr
