"""Exit codes: 0 done, 1 a node failed, 2 wrong usage, 3 work pending, 130 interrupted. Errors are a line and a hint."""

from __future__ import annotations

import logging
import re
import traceback
from collections.abc import Sequence

import typer
from typer.main import get_command

from hydra_cached.cli.interrupts import command_of
from hydra_cached.errors import HydraCachedError, TargetError, UsageError

DONE = 0
NODE_FAILED = 1
WRONG_USAGE = 2
WORK_PENDING = 3
INTERRUPTED = 130

# later releases of typer bring a copy of click's classes instead of click: in both this is the parent of all of them
_ParsingError: type[Exception] = typer.BadParameter.__bases__[0]
# an error should bring a better one
_DEFAULT_HINT = "run it with --log-level DEBUG to see where that comes from"
_SUGGESTION = re.compile(r"\s*\(?(?:Did you mean|Possible options:|Did you mean one of:?)\s*(?P<names>[^()?]+)[)?.]*\Z")


def run_app(app: typer.Typer, program: str, given: Sequence[str]) -> int:
    """Run a command and return its exit code. What the user can mend is printed as one line and a hint.

    Raises:
        KeyboardInterrupt: before the command could do its work.
    """
    try:
        code = get_command(app).main(args=list(given), prog_name=program, standalone_mode=False)
    except UsageError as exc:
        print_own_error(exc)
        return WRONG_USAGE
    except typer.Abort as exc:
        raise KeyboardInterrupt from exc
    except _ParsingError as exc:
        error = _reword(exc, program, given)
        print_own_error(error)
        if "--json" in given and command_of(program, given) == "run":
            _print_document(error)
        return WRONG_USAGE
    if code == INTERRUPTED:
        # typer takes Ctrl-C for an exit code
        raise KeyboardInterrupt
    return code if isinstance(code, int) else DONE


def print_own_error(error: HydraCachedError) -> None:
    """One line and a hint on stderr; with --log-level DEBUG the traceback before them."""
    from hydra_cached.render.console import print_error, print_talk

    if isinstance(error, TargetError):
        from hydra_cached.graph.hydra_errors import say_where

        say_where(error)
    if logging.getLogger("hydra_cached").isEnabledFor(logging.DEBUG):
        print_talk("".join(traceback.format_exception(type(error), error, error.__traceback__)).rstrip())
    print_error(error.message, error.hint or _DEFAULT_HINT)


def _reword(exc: Exception, program: str, given: Sequence[str]) -> UsageError:
    """What typer says about the command line, in our form."""
    said = " ".join(str(getattr(exc, "format_message", exc.__str__)()).split())
    suggestion = _SUGGESTION.search(said)
    context = getattr(exc, "ctx", None)
    if suggestion is not None:
        said = said[: suggestion.start()]
        hint = f"did you mean {suggestion['names'].strip()}?"
    elif context is not None:
        hint = f"see {context.command_path} -h"
        if context.command_path == program and said.startswith("No such command"):
            hint = f"a pipeline is run by {program} run PIPELINE; {hint}"
    else:
        hint = f"see {program} {command_of(program, given) or ''}".rstrip() + " -h"
    said = said.rstrip(".")
    return UsageError(said[:1].lower() + said[1:], hint=hint)


def _print_document(error: UsageError) -> None:
    from hydra_cached.render.document import dump_json, failure_document
    from hydra_cached.render.stdout import write_data

    write_data(dump_json(failure_document("", error)))
