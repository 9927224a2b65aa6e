"""Composes the configs of a sweep without composing each from nothing, which costs Hydra some 50 ms a time.

Hydra first composes what the choices of config groups ask for, and then changes values in it, one override after the
other. So configs that differ in values alone are copies of one composed config, in which Hydra itself changes the
values: by a method of its config loader that is private, tested with Hydra 1.3.2 to 1.3.8 and 1.4.0rc3. Where it is not
certain what is a value, where the first one does not come out as Hydra composes it, or where anything goes wrong, Hydra
composes the whole config.
"""

from __future__ import annotations

import copy
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING, Any, TypeAlias

from hydra_cached.config.override_grammar import parse_in_hydra
from hydra_cached.errors import ConfigError

if TYPE_CHECKING:
    from hydra_cached.config.compose import Composer

_Overrides: TypeAlias = tuple[str, ...]

_FEWEST = 4
"""So many configs of one choice of groups are worth the trouble: it takes two of Hydra's compositions."""


def compose_variants(composer: Composer, variants: Sequence[_Overrides]) -> list[Any]:
    """One config for each tuple of overrides; the same as `Composer.compose` gives for each.

    Raises:
        ConfigError: as for `Composer.compose`.
    """
    if len(variants) < _FEWEST:
        return [composer.compose(overrides) for overrides in variants]
    parsed = {text: parse_in_hydra(text, composer.config_loader) for overrides in variants for text in overrides}
    groups = frozenset(composer.config_loader.list_groups(""))
    is_clear = not any(_is_doubtful(each, groups) for each in parsed.values())
    chosen = [tuple([text for text in each if _is_choice(parsed[text], groups)]) for each in variants]
    counts = Counter(chosen)
    bases: dict[_Overrides, _Base | None] = {}
    configs = []
    for overrides, choices in zip(variants, chosen, strict=True):
        if not is_clear or counts[choices] < _FEWEST:
            configs.append(composer.compose(overrides))
            continue
        if choices not in bases:
            bases[choices] = _open_base(composer, choices, overrides, parsed)
        base = bases[choices]
        changed = None if base is None else base.change(overrides)
        configs.append(composer.compose(overrides) if changed is None else changed)
    return configs


def _is_choice(override: Any, groups: frozenset[str]) -> bool:
    """Whether an override chooses from a config group."""
    return "/" in override.key_or_group or override.package is not None or override.key_or_group in groups


def _is_doubtful(override: Any, groups: frozenset[str]) -> bool:
    """Whether it is not certain at which time Hydra makes an override."""
    is_of_hydra = override.key_or_group == "hydra" or override.is_hydra_override()
    # `model={size: 1}` changes values although `model` is a group
    is_both = _is_choice(override, groups) and isinstance(override.value(), dict)
    return is_of_hydra or is_both or override.is_sweep_override()


class _Base:
    """A composed config to be changed by overrides of values."""

    def __init__(
        self, config: Any, choices: _Overrides, parsed: Mapping[str, Any], change: Callable[[list[Any], Any], None]
    ) -> None:
        self._config = config
        self._choices = frozenset(choices)
        self._parsed = parsed
        self._change = change

    def change(self, overrides: _Overrides) -> Any | None:
        """A copy with all overrides of values made in turn; None where one cannot be made."""
        config = copy.deepcopy(self._config)
        try:
            self._change([self._parsed[text] for text in overrides if text not in self._choices], config)
        except Exception:
            # Hydra says it better of a whole config
            return None
        return config


def _open_base(
    composer: Composer, choices: _Overrides, overrides: _Overrides, parsed: Mapping[str, Any]
) -> _Base | None:
    """What the choices alone compose; None where ``overrides`` do not come out of it as Hydra composes them."""
    from omegaconf import OmegaConf, open_dict

    change = getattr(composer.config_loader, "_apply_overrides_to_config", None)
    if change is None:
        return None
    try:
        config = composer.compose(choices, has_hydra=True)
    except ConfigError:
        return None
    # further places of groups; other names of keys
    if any(OmegaConf.select(config, f"hydra.{name}") for name in ("searchpath", "aliases")):
        return None
    with open_dict(config):
        del config["hydra"]
    base = _Base(config, choices, parsed, change)
    changed = base.change(overrides)
    return base if changed is not None and _is_same(changed, composer.compose(overrides)) else None


def _is_same(one: Any, other: Any) -> bool:
    from omegaconf import OmegaConf

    written = [repr(OmegaConf.to_container(each)) for each in (one, other)]
    flags = [(OmegaConf.is_struct(each), OmegaConf.is_readonly(each)) for each in (one, other)]
    return written[0] == written[1] and flags[0] == flags[1]
