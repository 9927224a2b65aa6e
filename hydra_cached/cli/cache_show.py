"""The command `cache show`."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import typer

from hydra_cached.cli.options import DEFAULT_CACHE_DIR, CacheDirOption, parse_cache_dir, parse_key_prefix
from hydra_cached.errors import EntryError, UsageError

if TYPE_CHECKING:
    from hydra_cached.store import Entry, Store
    from hydra_cached.store.upkeep import Upkeep


def show(
    key: Annotated[
        str,
        typer.Argument(
            metavar="KEY",
            help="A key that `cache ls` shows, or a recipe key; 8 or more of its digits.",
            show_default=False,
        ),
    ],
    cache_dir: CacheDirOption = DEFAULT_CACHE_DIR,
    is_value: Annotated[bool, typer.Option("--value", help="Print the result itself.")] = False,
    is_lineage: Annotated[
        bool, typer.Option("--lineage", help="Draw the tree of the results that it was computed from.")
    ] = False,
    is_json: Annotated[bool, typer.Option("--json", help="Print a JSON document instead.")] = False,
) -> None:
    """Show all that is known of one stored result: its config, where it comes from, and how often it was found."""
    from hydra_cached.store import Store
    from hydra_cached.store.upkeep import Upkeep

    if is_value and (is_json or is_lineage):
        raise UsageError("--value prints the result alone", hint="leave out --json and --lineage")
    with Store(parse_cache_dir(cache_dir), create=False) as store:
        upkeep = Upkeep(store)
        entry = _get(store, upkeep.find_key(parse_key_prefix(key)))
        if is_value:
            _print_value(store, entry)
        elif is_lineage:
            _print_lineage(upkeep, entry, is_json=is_json)
        else:
            _print_entry(upkeep, entry, is_json=is_json)


def _get(store: Store, key: str) -> Entry:
    try:
        entry = store.get(key)
    except EntryError as exc:
        raise UsageError(exc.message, hint=exc.hint or "it is computed again when a run needs it") from exc
    if entry is None:
        raise UsageError(f"the result {key[:12]} cannot be read now", hint="another process uses the store: try again")
    return entry


def _print_value(store: Store, entry: Entry) -> None:
    from hydra_cached.config.importing import make_cwd_importable
    from hydra_cached.render.stdout import write_data

    # its classes may be defined where the pipeline is
    make_cwd_importable()
    try:
        text = str(store.load(entry))
    except EntryError as exc:
        raise UsageError(exc.message, hint=exc.hint or "it is computed again when a run needs it") from exc
    write_data(f"{text}\n")


def _print_lineage(upkeep: Upkeep, entry: Entry, *, is_json: bool) -> None:
    from hydra_cached.render.document import dump_json
    from hydra_cached.render.entries import lineage_document, print_lineage
    from hydra_cached.render.stdout import write_data

    ancestors = upkeep.trace(entry.key)
    if is_json:
        write_data(dump_json(lineage_document(ancestors)))
    else:
        print_lineage(ancestors)


def _print_entry(upkeep: Upkeep, entry: Entry, *, is_json: bool) -> None:
    from hydra_cached.render.console import print_yaml
    from hydra_cached.render.document import dump_json
    from hydra_cached.render.entries import entry_document, entry_to_yaml
    from hydra_cached.render.stdout import write_data

    document = entry_document(
        entry,
        upkeep.statistics(entry.key),
        upkeep.definitions(entry.info.code),
        is_pinned=entry.key in upkeep.pinned(),
    )
    if is_json:
        write_data(dump_json(document))
    else:
        print_yaml(entry_to_yaml(document))
