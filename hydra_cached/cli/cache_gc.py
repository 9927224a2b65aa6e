"""The command `cache gc`."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Annotated

import typer

from hydra_cached.cli.cache_options import DryRunOption, YesOption, ask, find_reachable, parse_size
from hydra_cached.cli.options import DEFAULT_CACHE_DIR, CacheDirOption, parse_age, parse_cache_dir
from hydra_cached.errors import UsageError

if TYPE_CHECKING:
    from hydra_cached.store import EntrySummary, Store
    from hydra_cached.store.garbage import Limits


def collect(
    cache_dir: CacheDirOption = DEFAULT_CACHE_DIR,
    max_size: Annotated[
        str | None,
        typer.Option(
            "--max-size",
            metavar="SIZE",
            help="Shrink the directory to 500MB, 50GB or 1.5TB: what is cheapest to compute again per byte goes first.",
            show_default=False,
        ),
    ] = None,
    max_age: Annotated[
        str | None,
        typer.Option(
            "--max-age",
            metavar="AGE",
            help="Drop what was neither made nor found for 12h, 30d or 8w.",
            show_default=False,
        ),
    ] = None,
    is_unreferenced: Annotated[
        bool,
        typer.Option(
            "--unreferenced",
            help="Drop what is neither the last result of its place in a pipeline nor below one that is.",
        ),
    ] = False,
    keep_pipeline: Annotated[
        list[str] | None,
        typer.Option(
            "--keep-pipeline",
            metavar="PIPELINE",
            help="Keep what a run of this pipeline would find; may be repeated. Alone, it drops everything else.",
            show_default=False,
        ),
    ] = None,
    is_confirmed: YesOption = False,
    is_dry_run: DryRunOption = False,
) -> None:
    """Drop stored results that exceed any of the limits, and what writers left that were killed. Pinned ones stay."""
    from hydra_cached.store import Store
    from hydra_cached.store.garbage import Limits

    if max_size is None and max_age is None and not is_unreferenced and not keep_pipeline:
        raise UsageError(
            "nothing says what to drop", hint="give --max-size, --max-age, --unreferenced or --keep-pipeline"
        )
    max_size_bytes = None if max_size is None else parse_size(max_size)
    max_age_s = None if max_age is None else parse_age(max_age)
    with Store(parse_cache_dir(cache_dir), create=False) as store:
        kept = find_reachable(keep_pipeline, store) if keep_pipeline else None
        limits = Limits(max_size_bytes, max_age_s, is_unreferenced, kept)
        _collect(store, limits, is_confirmed=is_confirmed, is_dry_run=is_dry_run)


def _collect(store: Store, limits: Limits, *, is_confirmed: bool, is_dry_run: bool) -> None:
    from hydra_cached.render.progress import showing_progress
    from hydra_cached.render.quantities import format_count, format_size
    from hydra_cached.render.stdout import write_data
    from hydra_cached.render.tables import print_entries
    from hydra_cached.store.upkeep import Upkeep

    upkeep = Upkeep(store)
    chosen = upkeep.choose(limits)
    if is_dry_run:
        if chosen:
            print_entries(chosen)
        write_data(f"would drop {_describe(chosen)}\n")
        return
    if chosen and not is_confirmed and not ask(f"drop {_describe(chosen)}?"):
        write_data("nothing was dropped\n")
        return
    with showing_progress("dropping", "entries") as progress:
        freed = upkeep.collect(limits, progress=progress)
    what = format_count(freed.entries, "entry")
    if freed.leftovers:
        what += f" and {format_count(freed.leftovers, 'leftover')} of writers that died"
    write_data(f"dropped {what}; disk space freed: {format_size(freed.disk_bytes)}\n")


def _describe(summaries: Sequence[EntrySummary]) -> str:
    from hydra_cached.render.quantities import format_count, format_seconds, format_size

    size = format_size(sum(summary.size_bytes for summary in summaries))
    seconds = format_seconds(sum(summary.seconds for summary in summaries))
    return f"{format_count(len(summaries), 'entry')}, {size}, computed in {seconds}"
