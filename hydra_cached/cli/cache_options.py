"""Arguments and options that the commands of `cache` share, how their values are read, and the question they ask."""

from __future__ import annotations

import re
import sys
from collections.abc import Sequence
from typing import TYPE_CHECKING, Annotated

import typer

from hydra_cached.errors import UsageError

if TYPE_CHECKING:
    from hydra_cached.store import Store

KeysArgument = Annotated[
    list[str],
    typer.Argument(metavar="KEY", help="Keys that `cache ls` shows, or 8 or more of their digits.", show_default=False),
]
YesOption = Annotated[bool, typer.Option("--yes", "-y", help="Do not ask.")]
DryRunOption = Annotated[bool, typer.Option("--dry-run", help="Only show what would be deleted.")]

_ANSWERS = {"y": True, "yes": True, "n": False, "no": False, "": False}
_SIZE = re.compile(r"([0-9]+(?:\.[0-9]+)?)\s*(?:([kmgtp])(i?)b?|b)?")


def parse_size(text: str) -> int:
    """A size such as `50GB` in bytes; kB, MB, GB, TB and PB are powers of 1000, KiB and so on powers of 1024.

    >>> parse_size("50GB"), parse_size("1.5 kB"), parse_size("2MiB"), parse_size("10")
    (50000000000, 1500, 2097152, 10)

    Raises:
        UsageError: it is no number with such a unit.
    """
    match = _SIZE.fullmatch(text.strip().lower())
    if match is None:
        raise UsageError(f'invalid size "{text}"', hint="write a number and a unit: 500MB, 50GB or 1.5TB")
    number, unit, binary = match.groups()
    power = "kmgtp".index(unit) + 1 if unit else 0
    return int(float(number) * (1024 if binary else 1000) ** power)


def find_reachable(pipelines: Sequence[str], store: Store) -> frozenset[str]:
    """Keys of the results that a run of any of the pipelines would find.

    Raises:
        UsageError: a pipeline cannot be loaded.
    """
    from hydra_cached import api
    from hydra_cached.cli.loading import load_one
    from hydra_cached.config import Choice
    from hydra_cached.targets import TargetPolicy

    found: set[str] = set()
    for pipeline in pipelines:
        loaded = load_one(Choice(pipeline))
        policy = TargetPolicy(is_enforced=not loaded.is_python)
        found |= api.find_reachable_keys(loaded.config, store=store, policy=policy)
    return frozenset(found)


def ask(question: str, *, needed: str = "use --yes to delete without asking") -> bool:
    """Ask on the terminal until the answer is yes or no.

    Args:
        needed: the hint where there is no terminal.

    Raises:
        UsageError: there is no terminal.
        KeyboardInterrupt: Ctrl-C, or Ctrl-D.
    """
    from hydra_cached.render.talk import TalkStream

    if not sys.stdin.isatty():
        raise UsageError(f"cannot ask where there is no terminal: {question}", hint=needed)
    talk = TalkStream()
    while True:
        talk.write(f"{question} [y/N]: ")
        line = sys.stdin.readline()
        answer = line.strip().lower()
        if not line:
            talk.write("\n")
            raise KeyboardInterrupt
        if answer in _ANSWERS:
            return _ANSWERS[answer]
        talk.write("please answer y or n\n")
