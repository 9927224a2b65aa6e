"""The commands `cache pin` and `cache unpin`."""

from __future__ import annotations

from collections.abc import Sequence

from hydra_cached.cli.cache_options import KeysArgument
from hydra_cached.cli.options import DEFAULT_CACHE_DIR, CacheDirOption, parse_cache_dir, parse_key_prefix


def pin(keys: KeysArgument, cache_dir: CacheDirOption = DEFAULT_CACHE_DIR) -> None:
    """Keep results: `cache gc` never drops them, nor does `cache clear` unless it is told --all."""
    _set_pins(keys, cache_dir, is_pinned=True)


def unpin(keys: KeysArgument, cache_dir: CacheDirOption = DEFAULT_CACHE_DIR) -> None:
    """Give pinned results free again."""
    _set_pins(keys, cache_dir, is_pinned=False)


def _set_pins(prefixes: Sequence[str], cache_dir: str, *, is_pinned: bool) -> None:
    from hydra_cached.render.quantities import format_count
    from hydra_cached.render.stdout import write_data
    from hydra_cached.store import Store
    from hydra_cached.store.upkeep import Upkeep

    with Store(parse_cache_dir(cache_dir), create=False) as store:
        upkeep = Upkeep(store)
        # all of them are found before the first is changed
        keys = {upkeep.find_key(parse_key_prefix(prefix)) for prefix in prefixes}
        changed = keys - upkeep.pinned() if is_pinned else keys & upkeep.pinned()
        upkeep.pin(changed, is_pinned=is_pinned)
    write_data(f"{'pinned' if is_pinned else 'unpinned'} {format_count(len(changed), 'entry')}\n")
