"""Puts the commands together, or the one that is called. Each imports what it needs when it is called."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from importlib import import_module
from typing import Annotated, Any, NamedTuple

import typer

from hydra_cached import __version__

_EPILOG = "Long options may be written with _ for -, as in --cache_dir."
_SETTINGS: dict[str, Any] = {
    "help_option_names": ["-h", "--help"],
    "token_normalize_func": lambda name: name.replace("_", "-"),
}


def _new_app(*, has_completion: bool = False) -> typer.Typer:
    return typer.Typer(
        context_settings=_SETTINGS,
        add_completion=has_completion,
        pretty_exceptions_enable=False,
        # plain help: rich would take half of the start-up time, and cut the columns of long options
        rich_markup_mode=None,
        epilog=_EPILOG,
    )


def _print_version(is_wanted: bool) -> None:
    if is_wanted:
        typer.echo(f"hydra-cached {__version__}")
        raise typer.Exit


def _print_help(context: typer.Context) -> None:
    if context.invoked_subcommand is None:
        typer.echo(context.get_help())


def _describe_app(
    context: typer.Context,
    version: Annotated[
        bool, typer.Option("--version", callback=_print_version, is_eager=True, help="Print the version and exit.")
    ] = False,
) -> None:
    """Run pipelines that are nested configs of calls, and reuse what did not change.

    A pipeline is any config that hydra.utils.instantiate takes: its _target_ keys name functions and classes.
    """
    _print_help(context)


def _describe_cache(context: typer.Context) -> None:
    """Look at stored results, keep them in order, and delete them."""
    _print_help(context)


class _Command(NamedTuple):
    """A command by the module in `hydra_cached.cli` and the function that it is."""

    module: str
    function: str
    short_help: str = ""
    has_epilog: bool = True


_COMMANDS = {
    "run": _Command("run", "run", "Run a pipeline, and reuse results."),
    "show-config": _Command("show_config", "show_config", "Print a pipeline's config as YAML."),
    "graph": _Command("graph", "graph", "Draw a pipeline's calls."),
    "target-id": _Command("target_id", "print_target_ids", "Print the one id of a callable.", has_epilog=False),
    "why": _Command("why", "why", "Say why a node would run."),
}
_CACHE_COMMANDS = {
    "ls": _Command("cache_ls", "list_entries", "List stored results."),
    "show": _Command("cache_show", "show", "Show one stored result."),
    "stats": _Command("cache_stats", "stats", "Sum up what is stored."),
    "accept": _Command("cache_accept", "accept", "Keep results across an edit that changed none."),
    "clear": _Command("cache_clear", "clear", "Delete stored results."),
    "gc": _Command("cache_gc", "collect", "Drop what is old, superseded or cheap to compute again."),
    "verify": _Command("cache_verify", "verify", "Check what is stored, and mend it."),
    "pin": _Command("cache_pins", "pin", "Keep results whatever is dropped."),
    "unpin": _Command("cache_pins", "unpin", "Give pinned results free."),
    "export": _Command("cache_archive", "export", "Write results to an archive."),
    "import": _Command("cache_archive", "import_archive", "Take results from an archive."),
}
_RUNS_COMMANDS = {
    "show": _Command("runs", "show_past_run", "Show one past run."),
    "diff": _Command("runs", "compare_past_runs", "Show how two past runs differ."),
}


def make_app(program: str, given: Sequence[str] = ()) -> typer.Typer:
    """The commands of a program, ``hydra-cached`` or ``instantiate``.

    Args:
        given: the words of the command line. Where the first is a command, there are no others: to describe the
            parameters of all of them takes longer than many a command itself.
    """
    if program == "instantiate":
        app = _new_app()
        app.command("run", epilog=_EPILOG)(_function(_COMMANDS["run"]))
        return app
    wanted = given[0] if given and given[0] in {*_COMMANDS, "cache", "runs"} else None
    app = _new_app(has_completion=wanted is None)
    app.callback(invoke_without_command=True)(_describe_app)
    _add(app, _COMMANDS, wanted)
    if wanted in {None, "cache"}:
        cache_app = _new_app()
        cache_app.callback(invoke_without_command=True)(_describe_cache)
        _add(cache_app, _CACHE_COMMANDS)
        app.add_typer(cache_app, name="cache")
    if wanted in {None, "runs"}:
        runs_app = _new_app()
        runs_app.callback(invoke_without_command=True)(_function(_Command("runs", "list_past_runs")))
        _add(runs_app, _RUNS_COMMANDS)
        app.add_typer(runs_app, name="runs", short_help="List past runs, and compare them.")
    return app


def _add(app: typer.Typer, commands: Mapping[str, _Command], wanted: str | None = None) -> None:
    for name, command in commands.items():
        if wanted is None or name == wanted:
            epilog = _EPILOG if command.has_epilog else None
            app.command(name, short_help=command.short_help, epilog=epilog)(_function(command))


def _function(command: _Command) -> Any:
    return getattr(import_module(f"hydra_cached.cli.{command.module}"), command.function)
