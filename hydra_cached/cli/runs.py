"""The commands `runs`, `runs show` and `runs diff`."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Annotated

import typer

from hydra_cached.cli.options import DEFAULT_CACHE_DIR, CacheDirOption, parse_cache_dir

if TYPE_CHECKING:
    from hydra_cached.render.document import Document
    from hydra_cached.store import Store

_DEFAULT_LIMIT = 20
JsonOption = Annotated[bool, typer.Option("--json", help="Print JSON instead of a table.")]
_ID = "A run, as `runs` lists them: its id, or how that or the digits at its end begin."


@dataclass(frozen=True, slots=True)
class _Given:
    """Options that were typed before the name of a command."""

    cache_dir: str | None
    is_json: bool


def list_past_runs(
    context: typer.Context,
    cache_dir: CacheDirOption = DEFAULT_CACHE_DIR,
    limit: Annotated[int, typer.Option("--limit", metavar="N", min=1, help="Show only the N newest.")] = _DEFAULT_LIMIT,
    is_json: JsonOption = False,
) -> None:
    """List the past runs that used the cache directory, the newest first.

    Kept are the newest 1,000. `reused` counts hits and cutoffs, `saved` is the time that they saved.
    """
    if context.invoked_subcommand is not None:
        # `runs -c DIR show ID` is `runs show -c DIR ID`
        context.obj = _Given(cache_dir if _is_typed(context, "cache_dir") else None, is_json)
        return
    from hydra_cached.history import list_heads
    from hydra_cached.render.runs import heads_document, print_heads
    from hydra_cached.render.stdout import write_data

    directory = parse_cache_dir(cache_dir)
    with _open(directory) as store:
        heads = list_heads(store, limit=limit)
    if is_json:
        _print_json(heads_document(heads))
    elif heads:
        print_heads(heads)
    else:
        write_data(f'no runs in "{directory}"\n')


def show_past_run(
    context: typer.Context,
    run_id: Annotated[str, typer.Argument(metavar="ID", help=_ID, show_default=False)],
    cache_dir: CacheDirOption = DEFAULT_CACHE_DIR,
    is_json: JsonOption = False,
) -> None:
    """Show one past run and its nodes: status, time, key, and why each was run."""
    from hydra_cached.history import load_run
    from hydra_cached.render.runs import print_run, run_document

    with _open(_choose_directory(context, cache_dir)) as store:
        run = load_run(store, run_id)
    if is_json or context.obj.is_json:
        _print_json(run_document(run))
    else:
        print_run(run)


def compare_past_runs(
    context: typer.Context,
    before: Annotated[str, typer.Argument(metavar="A", help=_ID, show_default=False)],
    after: Annotated[str, typer.Argument(metavar="B", help="Another one.", show_default=False)],
    cache_dir: CacheDirOption = DEFAULT_CACHE_DIR,
    is_json: JsonOption = False,
) -> None:
    """Show which nodes of run B are other calls than at the same paths in run A, and why."""
    from hydra_cached.history import compare_runs, load_run
    from hydra_cached.render.runs import comparison_document, print_comparison

    with _open(_choose_directory(context, cache_dir)) as store:
        comparison = compare_runs(store, load_run(store, before), load_run(store, after))
    if is_json or context.obj.is_json:
        _print_json(comparison_document(comparison))
    else:
        print_comparison(comparison)


def _choose_directory(context: typer.Context, cache_dir: str) -> str:
    given: _Given = context.obj
    is_above = given.cache_dir is not None and not _is_typed(context, "cache_dir")
    return parse_cache_dir(given.cache_dir or "" if is_above else cache_dir)


def _is_typed(context: typer.Context, name: str) -> bool:
    source = context.get_parameter_source(name)
    # by name: later releases of typer bring a copy of click's classes
    return source is not None and source.name == "COMMANDLINE"


def _open(directory: str) -> Store:
    from hydra_cached.store import Store

    return Store(directory, create=False)


def _print_json(document: Document | list[Document]) -> None:
    from hydra_cached.render.document import dump_json
    from hydra_cached.render.stdout import write_data

    write_data(dump_json(document))
