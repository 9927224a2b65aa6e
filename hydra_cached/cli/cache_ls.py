"""The command `cache ls`."""

from __future__ import annotations

from typing import Annotated

import typer

from hydra_cached.cli.options import DEFAULT_CACHE_DIR, CacheDirOption, TargetGlobOption, parse_cache_dir


def list_entries(
    cache_dir: CacheDirOption = DEFAULT_CACHE_DIR,
    target: TargetGlobOption = None,
    limit: Annotated[
        int | None, typer.Option("--limit", metavar="N", min=1, help="Show only the N newest.", show_default=False)
    ] = None,
    is_json: Annotated[bool, typer.Option("--json", help="Print a JSON list instead of a table.")] = False,
) -> None:
    """List stored results, newest first: key, target, size, time, age, and the time they saved so far."""
    from hydra_cached.render.document import dump_json
    from hydra_cached.render.stdout import write_data
    from hydra_cached.render.tables import entries_document, print_entries
    from hydra_cached.store import Store
    from hydra_cached.store.listing import Filter
    from hydra_cached.store.upkeep import Upkeep

    directory = parse_cache_dir(cache_dir)
    with Store(directory, create=False) as store:
        summaries = store.summaries(target_glob=target, limit=limit)
        # all of them are read only where all of them are shown
        is_cut = len(summaries) == limit and not is_json
        whole = Upkeep(store).count(Filter(target)) if is_cut else None
    if is_json:
        write_data(dump_json(entries_document(summaries)))
    elif summaries:
        print_entries(summaries, whole=whole)
    else:
        write_data(f'no results{f" of {target}" if target else ""} in "{directory}"\n')
