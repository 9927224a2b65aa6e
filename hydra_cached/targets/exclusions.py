"""Turns what is given to -e into target ids and globs. Matches nothing against a graph."""

from __future__ import annotations

from collections.abc import Iterable
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
    names = (name.strip() for word in words for name in word.split(","))
    return tuple(dict.fromkeys(_resolve(name) for name in names if name))


def _resolve(name: str) -> str:
    if _GLOB & set(name) or _DESCRIBED & set(name):
        return name
    if isinstance(locate_target(name), ModuleType):
        raise TargetError(f'cannot exclude "{name}": it is a module', hint=f'did you mean "{name}.*"?', target=name)
    return target_id(name)
