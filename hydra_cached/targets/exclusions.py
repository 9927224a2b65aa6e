"""Turns what is given to -e into target ids and globs. Matches nothing against a graph."""

from __future__ import annotations

import fnmatch
from collections.abc import Collection, Iterable, Iterator
from types import ModuleType

from hydra_cached.errors import TargetError
from hydra_cached.targets.identity import target_id
from hydra_cached.targets.locate import locate_target

_GLOB = frozenset("*?[")
# ids of what no name leads to: lambdas, local functions, partials, instances
_DESCRIBED = frozenset("<(")


def resolve_exclusions(words: Iterable[str]) -> tuple[str, ...]:
    """Canonical target ids and globs, in the order given, each once.

    Args:
        words: each an id, any spelling that leads to one, or a glob on ids (`pkg.steps.*`); or several with commas.

    >>> resolve_exclusions(["os.path.join,my.*", "posixpath.join"])
    ('posixpath.join', 'my.*')

    Raises:
        TargetError: a name leads to nothing, or to nothing callable.
    """
    return tuple(dict.fromkeys(_resolve(name) for name in _split(words)))


def unmatched_globs(words: Iterable[str], target_ids: Collection[str]) -> list[str]:
    """The globs among ``words`` that fit none of ``target_ids``."""
    globs = [name for name in _split(words) if _GLOB & set(name) and not _DESCRIBED & set(name)]
    return [glob for glob in dict.fromkeys(globs) if not fnmatch.filter(target_ids, glob)]


def _split(words: Iterable[str]) -> Iterator[str]:
    for word in words:
        yield from filter(None, map(str.strip, word.split(",")))


def _resolve(name: str) -> str:
    if _GLOB & set(name) or _DESCRIBED & set(name):
        return name
    try:
        found = locate_target(name)
    except TargetError as exc:
        if "." in name:
            raise
        hint = f'give the whole id, as in "module.{name}", or a glob: "*.{name}"'
        raise TargetError(exc.message, hint=hint, target=name) from exc
    if isinstance(found, ModuleType):
        raise TargetError(f'cannot exclude "{name}": it is a module', hint=f'did you mean "{name}.*"?', target=name)
    return target_id(name)
