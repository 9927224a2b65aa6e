"""The command `cache verify`."""

from __future__ import annotations

from typing import Annotated

import typer

from hydra_cached.cli.options import DEFAULT_CACHE_DIR, CacheDirOption, parse_cache_dir

_FOUND = 1


def verify(
    cache_dir: CacheDirOption = DEFAULT_CACHE_DIR,
    is_repairing: Annotated[
        bool,
        typer.Option(
            "--repair",
            help="Mend what can be mended: set damaged parts aside, make the index again, enter what is in none.",
        ),
    ] = False,
    is_json: Annotated[bool, typer.Option("--json", help="Print a JSON document instead of a table.")] = False,
) -> None:
    """Check the index and every byte of what is stored. The exit code is 1 when something was found."""
    from hydra_cached.render.document import dump_json
    from hydra_cached.render.problems import print_problems, verified_document
    from hydra_cached.render.progress import showing_progress
    from hydra_cached.render.stdout import write_data
    from hydra_cached.store import Store
    from hydra_cached.store.upkeep import Upkeep

    with (
        Store(parse_cache_dir(cache_dir), create=False) as store,
        showing_progress("verifying", "bytes") as progress,
    ):
        verified = Upkeep(store).verify(is_repairing=is_repairing, progress=progress)
    if is_json:
        write_data(dump_json(verified_document(verified)))
    else:
        print_problems(verified)
    if verified.problems:
        raise typer.Exit(_FOUND)
