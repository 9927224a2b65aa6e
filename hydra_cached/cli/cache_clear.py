"""The command `cache clear`."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Annotated

import typer

from hydra_cached.cli.cache_options import DryRunOption, YesOption, ask
from hydra_cached.cli.options import (
    DEFAULT_CACHE_DIR,
    CacheDirOption,
    TargetGlobOption,
    parse_age,
    parse_cache_dir,
    parse_key_prefix,
)
from hydra_cached.errors import UsageError

if TYPE_CHECKING:
    from hydra_cached.store import EntrySummary, Store


@dataclass(frozen=True, slots=True)
class _Scope:
    """Which results to delete: those that fit everything that is given."""

    target_glob: str | None
    key_prefix: str | None
    older_than_s: float | None

    @property
    def is_everything(self) -> bool:
        return self.target_glob is None and self.key_prefix is None and self.older_than_s is None


def clear(
    cache_dir: CacheDirOption = DEFAULT_CACHE_DIR,
    target: TargetGlobOption = None,
    older_than: Annotated[
        str | None,
        typer.Option(
            "--older-than", metavar="AGE", help="Only results older than 30s, 15m, 12h, 7d or 4w.", show_default=False
        ),
    ] = None,
    key: Annotated[
        str | None,
        typer.Option(
            "--key",
            metavar="PREFIX",
            help="Only the results whose key begins so; 8 digits or more.",
            show_default=False,
        ),
    ] = None,
    is_all: Annotated[bool, typer.Option("--all", help="Everything in the directory.")] = False,
    is_confirmed: YesOption = False,
    is_dry_run: DryRunOption = False,
) -> None:
    """Delete stored results, and free their space on disk. Several conditions narrow each other down."""
    from hydra_cached.store import Store

    scope = _Scope(
        target, None if key is None else parse_key_prefix(key), None if older_than is None else parse_age(older_than)
    )
    if scope.is_everything and not is_all:
        raise UsageError(
            "nothing says what to delete", hint="name it with --target, --older-than or --key, or use --all"
        )
    with Store(parse_cache_dir(cache_dir), create=False) as store:
        _clear(store, scope, is_confirmed=is_confirmed, is_dry_run=is_dry_run)


def _clear(store: Store, scope: _Scope, *, is_confirmed: bool, is_dry_run: bool) -> None:
    from hydra_cached.render.progress import showing_progress
    from hydra_cached.render.quantities import format_size
    from hydra_cached.render.stdout import write_data
    from hydra_cached.render.tables import print_entries
    from hydra_cached.store.upkeep import Upkeep

    if scope.is_everything and store.is_corrupt():
        _clear_corrupt(store, is_confirmed=is_confirmed, is_dry_run=is_dry_run)
        return
    summaries = store.summaries(
        target_glob=scope.target_glob, key_prefix=scope.key_prefix, older_than_s=scope.older_than_s
    )
    pinned = set() if scope.is_everything else Upkeep(store).pinned()
    stays = _describe_pinned([summary for summary in summaries if summary.key in pinned])
    summaries = [summary for summary in summaries if summary.key not in pinned]
    what = _describe(summaries)
    if not summaries and not (scope.is_everything and store.size_on_disk()):
        write_data(f"nothing to delete{stays}\n")
    elif is_dry_run:
        print_entries(summaries)
        write_data(f"would delete {what}{stays}\n")
    elif is_confirmed or ask(f"delete {what}{stays}?"):
        if scope.is_everything:
            # also what no listing shows, such as damaged entries that were set aside
            freed_bytes = store.clear()
        else:
            with showing_progress("deleting", "entries") as progress:
                freed_bytes = store.remove([summary.key for summary in summaries], progress=progress)
        write_data(f"deleted {what}; disk space freed: {format_size(freed_bytes)}{stays}\n")
    else:
        write_data("nothing was deleted\n")


def _describe_pinned(summaries: list[EntrySummary]) -> str:
    from hydra_cached.render.quantities import format_count

    return f"; {format_count(len(summaries), 'pinned entry')} kept" if summaries else ""


def _describe(summaries: list[EntrySummary]) -> str:
    from hydra_cached.render.quantities import format_count, format_size

    size = format_size(sum(summary.size_bytes for summary in summaries))
    return f"{format_count(len(summaries), 'entry')}, {size}"


def _clear_corrupt(store: Store, *, is_confirmed: bool, is_dry_run: bool) -> None:
    from hydra_cached.render.quantities import format_size
    from hydra_cached.render.stdout import write_data

    what = f"everything, {format_size(store.size_on_disk())} with an index that cannot be read"
    if is_dry_run:
        write_data(f"would delete {what}\n")
    elif is_confirmed or ask(f"delete {what}?"):
        write_data(f"deleted everything; disk space freed: {format_size(store.clear())}\n")
    else:
        write_data("nothing was deleted\n")
