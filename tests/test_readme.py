"""The README's examples work: files it shows, commands it runs, and Python it types in."""

from __future__ import annotations

import doctest
import re
import shlex
from pathlib import Path

import pytest

from tests.conftest import RunCli

README = Path(__file__).parents[1] / "README.md"
FILE = re.compile(r"<!-- file: (\S+) -->\n```\w+\n(.*?)```", re.DOTALL)
CONSOLE = re.compile(r"```console\n(.*?)```", re.DOTALL)
PYTHON = re.compile(r"```python\n(.*?)```", re.DOTALL)


def commands() -> list[tuple[str, str]]:
    """Every command of the console blocks with what it prints on stdout."""
    found: list[tuple[str, str]] = []
    for block in CONSOLE.findall(README.read_text(encoding="utf-8")):
        for part in re.split(r"^\$ ", block, flags=re.MULTILINE)[1:]:
            command, _, output = part.partition("\n")
            found.append((command, output))
    return found


def test_commands_print_what_the_readme_says(run_cli: RunCli, tmp_path: Path) -> None:
    for name, text in FILE.findall(README.read_text(encoding="utf-8")):
        (tmp_path / name).write_text(text, encoding="utf-8")
    assert commands()
    for command, output in commands():
        program, *args = shlex.split(command)
        assert program == "hydra-cached"
        done = run_cli(*args)
        if output.startswith("error:"):
            assert (done.returncode, done.stdout, done.stderr) == (2, "", output), command
        else:
            assert (done.returncode, done.stdout) == (0, output), f"{command}\n{done.stderr}"


def test_python_blocks_run(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    blocks = PYTHON.findall(README.read_text(encoding="utf-8"))
    assert blocks
    for number, block in enumerate(blocks):
        if ">>>" not in block:
            exec(compile(block, f"README block {number}", "exec"), {"__name__": "readme"})
            continue
        test = doctest.DocTestParser().get_doctest(block, {}, f"README block {number}", str(README), 0)
        runner = doctest.DocTestRunner(verbose=False)
        runner.run(test)
        assert not runner.failures


def test_readme_fits_the_second_run_it_describes(run_cli: RunCli, tmp_path: Path) -> None:
    for name, text in FILE.findall(README.read_text(encoding="utf-8")):
        (tmp_path / name).write_text(text, encoding="utf-8")
    run_cli("run", "words", "-p")
    talk = run_cli("run", "words", "-p", "part.at_least=6").stderr
    assert "4 nodes, 2 hit, 0 cutoff, 2 ran" in talk
