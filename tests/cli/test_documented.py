"""Every command and option is in the README."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from typer.main import get_command

from hydra_cached.cli.app import make_app

COMMAND = get_command(make_app("hydra-cached"))
README = Path(__file__).parents[2] / "README.md"
# what typer adds to install its shell completion, and help itself
GENERIC = frozenset({"--help", "--install-completion", "--show-completion"})


def commands(command: Any, name: str = "hydra-cached") -> Iterator[tuple[str, Any]]:
    """Every command with its full name."""
    yield name, command
    for sub_name, sub_command in getattr(command, "commands", {}).items():
        yield from commands(sub_command, f"{name} {sub_name}")


def options() -> Iterator[tuple[str, str]]:
    """Every option by its long name, with the command it belongs to."""
    for name, command in commands(COMMAND):
        for parameter in command.params:
            longest = max(parameter.opts, key=len)
            if longest.startswith("--") and longest not in GENERIC:
                yield name, longest


OPTIONS = list(options())


@pytest.mark.parametrize("name", [name for name, _ in commands(COMMAND)])
def test_every_command_is_in_the_readme(name: str) -> None:
    assert name in README.read_text(encoding="utf-8")


@pytest.mark.parametrize(("command", "option"), OPTIONS)
def test_every_option_is_in_the_readme(command: str, option: str) -> None:
    assert re.search(rf"(?<![\w-]){option}(?![\w-])", README.read_text(encoding="utf-8")), f"{option} of {command}"


@pytest.mark.parametrize(("command", "option"), OPTIONS)
def test_every_option_says_what_it_does(command: str, option: str) -> None:
    by_name = dict(commands(COMMAND))
    (parameter,) = [each for each in by_name[command].params if option in each.opts]
    assert parameter.help
    assert parameter.help.endswith((".", "]"))


def test_no_option_is_told_of_twice_in_a_table() -> None:
    for section in re.split(r"\n#+ ", README.read_text(encoding="utf-8")):
        rows = re.findall(r"^\| (`-.*)$", section, flags=re.MULTILINE)
        assert len(rows) == len(set(rows)), section.splitlines()[0]
