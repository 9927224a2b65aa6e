"""The command `cache stats`."""

from __future__ import annotations

from typing import Annotated

import typer

from hydra_cached.cli.options import DEFAULT_CACHE_DIR, CacheDirOption, parse_cache_dir


def stats(
    cache_dir: CacheDirOption = DEFAULT_CACHE_DIR,
    is_json: Annotated[bool, typer.Option("--json", help="Print a JSON document instead.")] = False,
) -> None:
    """Sum up what is stored, by target: entries, size, how often they were found, and the time that saved."""
    from hydra_cached.render.document import dump_json
    from hydra_cached.render.stdout import write_data
    from hydra_cached.render.totals import print_totals, totals_document
    from hydra_cached.store import Store
    from hydra_cached.store.upkeep import Upkeep

    with Store(parse_cache_dir(cache_dir), create=False) as store:
        totals = Upkeep(store).totals()
    if is_json:
        write_data(dump_json(totals_document(totals)))
    else:
        print_totals(totals)
