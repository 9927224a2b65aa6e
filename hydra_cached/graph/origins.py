"""Says which object of the caller's a part of a copied config stands for: a copy is made anew each time. Reads only."""

from __future__ import annotations

from typing import Any

from hydra_cached.graph.kinds import is_config_type
from hydra_cached.graph.omega import is_below
from hydra_cached.graph.paths import KeyPath, Link, spread


class Origins:
    """The caller's config behind the copy that is read.

    Args:
        copied: the root of the copy, a container of OmegaConf or a dict.
        original: what the caller handed over.
    """

    def __init__(self, copied: Any, original: Any) -> None:
        self._copied = copied
        self._original = original
        self._homes: dict[int, KeyPath] = {}

    def of(self, source: Any, link: Link) -> Any:
        """The caller's own container that ``source``, which is written at ``link``, was copied from.

        Where there is none, or it stands at two places: the caller's config and the path in it.
        """
        if isinstance(source, dict):
            # only the root of plain data is ever copied
            return self._original if source is self._copied else source
        if not is_below(source, self._copied):
            return source
        home = spread(link)
        found = _walk(self._original, home)
        if found is None or self._homes.setdefault(id(found), home) != home:
            return self._original, home
        return found


def _walk(config: Any, path: KeyPath) -> Any:
    """The dict or DictConfig at ``path``; None where something else is."""
    found = config
    for key in path:
        content = found.__dict__["_content"] if is_config_type(type(found)) else found
        try:
            found = content[key]
        except (LookupError, TypeError):
            return None
    is_container = isinstance(found, dict) or type(found).__name__ == "DictConfig"
    return found if is_container or not path else None
