"""Puts the commands together. Imports only what their help needs: each command imports the rest when it is called."""

from __future__ import annotations

from typing import Annotated, Any

import typer

from hydra_cached import __version__
from hydra_cached.cli.cache_accept import accept
from hydra_cached.cli.cache_archive import export, import_archive
from hydra_cached.cli.cache_clear import clear
from hydra_cached.cli.cache_gc import collect
from hydra_cached.cli.cache_ls import list_entries
from hydra_cached.cli.cache_pins import pin, unpin
from hydra_cached.cli.cache_show import show
from hydra_cached.cli.cache_stats import stats
from hydra_cached.cli.cache_verify import verify
from hydra_cached.cli.graph import graph
from hydra_cached.cli.run import run
from hydra_cached.cli.runs import compare_past_runs, list_past_runs, show_past_run
from hydra_cached.cli.show_config import show_config
from hydra_cached.cli.target_id import print_target_ids
from hydra_cached.cli.why import why

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


app = _new_app(has_completion=True)
cache_app = _new_app()
runs_app = _new_app()
instantiate_app = _new_app()


def _print_version(is_wanted: bool) -> None:
    if is_wanted:
        typer.echo(f"hydra-cached {__version__}")
        raise typer.Exit


def _print_help(context: typer.Context) -> None:
    if context.invoked_subcommand is None:
        typer.echo(context.get_help())


@app.callback(invoke_without_command=True)
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


@cache_app.callback(invoke_without_command=True)
def _describe_cache(context: typer.Context) -> None:
    """Look at stored results, keep them in order, and delete them."""
    _print_help(context)


app.command("run", short_help="Run a pipeline, and reuse results.", epilog=_EPILOG)(run)
app.command("show-config", short_help="Print a pipeline's config as YAML.", epilog=_EPILOG)(show_config)
app.command("graph", short_help="Draw a pipeline's calls.", epilog=_EPILOG)(graph)
app.command("target-id", short_help="Print the one id of a callable.")(print_target_ids)
app.command("why", short_help="Say why a node would run.", epilog=_EPILOG)(why)
app.add_typer(cache_app, name="cache")
app.add_typer(runs_app, name="runs", short_help="List past runs, and compare them.")
runs_app.callback(invoke_without_command=True)(list_past_runs)
runs_app.command("show", short_help="Show one past run.", epilog=_EPILOG)(show_past_run)
runs_app.command("diff", short_help="Show how two past runs differ.", epilog=_EPILOG)(compare_past_runs)
cache_app.command("ls", short_help="List stored results.", epilog=_EPILOG)(list_entries)
cache_app.command("show", short_help="Show one stored result.", epilog=_EPILOG)(show)
cache_app.command("stats", short_help="Sum up what is stored.", epilog=_EPILOG)(stats)
cache_app.command("accept", short_help="Keep results across an edit that changed none.", epilog=_EPILOG)(accept)
cache_app.command("clear", short_help="Delete stored results.", epilog=_EPILOG)(clear)
cache_app.command("gc", short_help="Drop what is old, superseded or cheap to compute again.", epilog=_EPILOG)(collect)
cache_app.command("verify", short_help="Check what is stored, and mend it.", epilog=_EPILOG)(verify)
cache_app.command("pin", short_help="Keep results whatever is dropped.", epilog=_EPILOG)(pin)
cache_app.command("unpin", short_help="Give pinned results free.", epilog=_EPILOG)(unpin)
cache_app.command("export", short_help="Write results to an archive.", epilog=_EPILOG)(export)
cache_app.command("import", short_help="Take results from an archive.", epilog=_EPILOG)(import_archive)
instantiate_app.command("run", epilog=_EPILOG)(run)
