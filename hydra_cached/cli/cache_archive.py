"""The commands `cache export` and `cache import`."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from hydra_cached.cli.cache_options import ask, find_reachable
from hydra_cached.cli.options import (
    DEFAULT_CACHE_DIR,
    CacheDirOption,
    TargetGlobOption,
    parse_cache_dir,
    parse_key_prefix,
)
from hydra_cached.errors import UsageError

if TYPE_CHECKING:
    from hydra_cached.store import Store

_FileArgument = Annotated[str, typer.Argument(metavar="FILE", help="The archive.", show_default=False)]


def export(
    file: _FileArgument,
    cache_dir: CacheDirOption = DEFAULT_CACHE_DIR,
    target: TargetGlobOption = None,
    pipeline: Annotated[
        list[str] | None,
        typer.Option(
            "--pipeline",
            metavar="PIPELINE",
            help="Only results that a run of this pipeline would find; may be repeated.",
            show_default=False,
        ),
    ] = None,
    key: Annotated[
        list[str] | None,
        typer.Option(
            "--key",
            metavar="KEY",
            help="Only the result of this key, or of 8 or more of its digits; may be repeated.",
            show_default=False,
        ),
    ] = None,
) -> None:
    """Write results, with all that they need, to one archive. Several conditions narrow each other down."""
    from hydra_cached.render.progress import showing_progress
    from hydra_cached.render.quantities import format_count, format_size
    from hydra_cached.render.stdout import write_data
    from hydra_cached.store import Store
    from hydra_cached.store.upkeep import Upkeep

    with Store(parse_cache_dir(cache_dir), create=False) as store:
        keys = _choose(store, target, pipeline or (), key or ())
        if not keys:
            raise UsageError("there is nothing to export", hint="see what is stored: hydra-cached cache ls")
        with showing_progress("exporting", "entries") as progress:
            exported = Upkeep(store).export(Path(file), keys, progress=progress)
    left_out = f"; {exported.left_out} left out, which could not be read" if exported.left_out else ""
    write_data(f"exported {format_count(exported.entries, 'entry')}, {format_size(exported.size_bytes)}{left_out}\n")


def _choose(store: Store, target: str | None, pipelines: Sequence[str], prefixes: Sequence[str]) -> list[str]:
    """Keys of the results that fit everything that is given, the oldest first."""
    from hydra_cached.store.upkeep import Upkeep

    keys = [summary.key for summary in reversed(store.summaries(target_glob=target))]
    if pipelines:
        reachable = find_reachable(pipelines, store)
        keys = [key for key in keys if key in reachable]
    if prefixes:
        named = {Upkeep(store).find_key(parse_key_prefix(prefix)) for prefix in prefixes}
        keys = [key for key in keys if key in named]
    return keys


def import_archive(
    file: _FileArgument,
    cache_dir: CacheDirOption = DEFAULT_CACHE_DIR,
    is_trusted: Annotated[
        bool, typer.Option("--trust", help="Take an archive that does not carry the seal of your key.")
    ] = False,
) -> None:
    """Take results from an archive. They are sealed with your key; what is stored here already stays."""
    from hydra_cached.render.progress import showing_progress
    from hydra_cached.render.quantities import format_count
    from hydra_cached.render.stdout import write_data
    from hydra_cached.store import Store
    from hydra_cached.store.archive import Archive
    from hydra_cached.store.upkeep import Upkeep

    with Archive(Path(file)) as archive:
        if not (archive.is_trusted or is_trusted or _ask_for_trust(file)):
            write_data("nothing was imported\n")
            return
        with Store(parse_cache_dir(cache_dir)) as store, showing_progress("importing", "bytes") as progress:
            imported = Upkeep(store).enter_archive(archive, progress=progress)
    present = f"; {imported.present} were here already" if imported.present else ""
    damaged = f"; {format_count(imported.damaged, 'part')} of it damaged, and left out" if imported.damaged else ""
    write_data(f"imported {format_count(imported.entries, 'entry')}{present}{damaged}\n")


def _ask_for_trust(file: str) -> bool:
    return ask(
        f'"{file}" does not carry the seal of your key: what is in it can run code when it is loaded. Trust it?',
        needed="use --trust if you know where it comes from, or the HYDRA_CACHED_KEY that it was written with",
    )
