"""Reads overrides in Hydra's grammar, with Hydra's own parser. Applies nothing."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass
from enum import Enum
from typing import Any, Literal

from hydra_cached.errors import OverrideError

# a part ends at an unescaped dot or bracket; Hydra 1.4 accepts `a[0].b` and `a\.b`, 1.3 neither
_KEY_PART = re.compile(r"(?:\\[.\[\]=]|[^.\[\]])+")
_BRACKETED = re.compile(r"\[([^]]*)\]")
_UNKNOWN_FUNCTION = re.compile(r"Unknown function '(?P<name>\w+)'\s+Available: (?P<known>[\w,]+)")
# only in Hydra 1.4, which announces that 1.5 will drop them
_FUNCTIONS_OF_1_4 = frozenset({"extend_list", "json_str"})
_UNEXPECTED = re.compile(r"(?:extraneous|mismatched) input '(?P<what>.*?)' expecting ")
_LONGEST_SHOWN = 60
_ESCAPED = re.compile(r"\\([.\[\]=])")


@dataclass(frozen=True, slots=True)
class Edit:
    """One parsed override.

    Attributes:
        action: `a=1` changes, `+a=1` adds, `++a=1` puts (changes or adds), `~a` deletes, `a=extend_list(1)` extends.
        keys: the key path, at least one part.
        value: what comes after "="; None when there is nothing.
        has_value: whether there is a "=" (`~a=1` deletes only a 1).
        text: the override as written.
    """

    action: Literal["change", "add", "put", "delete", "extend"]
    keys: tuple[str, ...]
    value: Any
    has_value: bool
    text: str

    @property
    def is_adding(self) -> bool:
        """Whether keys that are not there may be made."""
        return self.action in ("add", "put")

    def path(self, depth: int | None = None) -> str:
        """The key path, or its first ``depth`` parts, with dots."""
        return ".".join(self.keys[:depth])


def key_text(key: Any) -> str:
    """A dict key as it is written in an override."""
    return key.name if isinstance(key, Enum) else str(key)


def parse_overrides(texts: Iterable[str]) -> list[Edit]:
    """Parse every override.

    Raises:
        OverrideError: not in the grammar, a sweep, or a config group.
    """
    return [_edit_of(parse_in_hydra(text), text) for text in texts]


def parse_in_hydra(text: str, config_loader: Any = None) -> Any:
    """One override as Hydra's parser gives it.

    Args:
        config_loader: Hydra's, for sweeps over all options of a config group.

    Raises:
        OverrideError: not in the grammar.
    """
    from hydra.core.override_parser.overrides_parser import OverridesParser
    from hydra.errors import HydraException

    try:
        return OverridesParser.create(config_loader).parse_overrides([text])[0]
    except ValueError as exc:
        # an int of more digits than Python reads
        shown = text if len(text) <= _LONGEST_SHOWN else f"{text[:_LONGEST_SHOWN]}..."
        raise OverrideError(
            f'cannot parse the override "{shown}": {str(exc).partition(";")[0]}',
            hint="quote the value to make a text of it, or write it in the config, in hexadecimal",
        ) from exc
    except HydraException as exc:
        unknown = _UNKNOWN_FUNCTION.search(str(exc))
        if unknown:
            raise _unknown_function(text, unknown["name"], unknown["known"]) from exc
        raise OverrideError(
            f'cannot parse the override "{text}"{_explain(text, str(exc))}',
            hint=_advise(text, str(exc), _FORMS if config_loader is None else _FORMS_BESIDE_CONFIG_DIR),
        ) from exc


def refuse_sweep(override: Any, text: str) -> None:
    """
    Raises:
        OverrideError: a parsed override stands for several.
    """
    if override.is_sweep_override():
        key = override.key_or_group
        raise OverrideError(
            f'"{text}" is a sweep',
            hint=f"run it with -m; or quote a value that holds a comma: {key}='a,b', or write a list",
        )


def _edit_of(override: Any, text: str) -> Edit:
    key = override.key_or_group
    refuse_sweep(override, text)
    if override.package is not None or "/" in key:
        raise OverrideError(
            f'"{text}" chooses from a config group', hint="config groups need --config-dir DIR; write a.b=1"
        )
    keys = tuple(_ESCAPED.sub(r"\1", part) for part in _KEY_PART.findall(key))
    if not keys:
        raise OverrideError(f'the override "{text}" names no key', hint=_FORMS)
    action: Literal["change", "add", "put", "delete", "extend"] = "change"
    if override.is_delete():
        action = "delete"
    elif override.is_add():
        action = "add"
    elif override.is_force_add():
        action = "put"
    elif override.type.name == "EXTEND_LIST":
        action = "extend"
    return Edit(action, keys, override.value(), override.value_type is not None, text)


_FORMS = "write KEY=VALUE to change, +KEY=VALUE to add, ~KEY to delete"
_FORMS_BESIDE_CONFIG_DIR = f"{_FORMS}; with --config-dir there is no PIPELINE"


def _explain(text: str, message: str) -> str:
    """Hydra's reason on one line, where it says more than that the text is wrong."""
    prefix = "LexerNoViableAltException: "
    for line in message.splitlines():
        if line.strip() == "^":
            column = len(line) - 1 - len(prefix)
            return f': unexpected "{text[column]}"' if 0 <= column < len(text) else ""
    unexpected = _UNEXPECTED.search(message)
    if unexpected:
        # the rest are names of Hydra's tokens
        return (
            ": there is something missing at its end"
            if unexpected["what"] == "<EOF>"
            else f': unexpected "{unexpected["what"]}"'
        )
    for line in message.splitlines():
        if line.strip() and not line.startswith(("Error ", prefix)):
            return f": {line.strip()}"
    return ""


def _unknown_function(text: str, name: str, known: str) -> OverrideError:
    from hydra import __version__

    hint = f"it has {known.replace(',', ', ')}"
    if name in _FUNCTIONS_OF_1_4:
        hint += "; Hydra 1.4 has it"
    return OverrideError(
        f'cannot parse the override "{text}": the installed Hydra ({__version__}) has no function "{name}"', hint=hint
    )


def _advise(text: str, message: str, forms: str) -> str:
    if "empty choice" in message:
        return "a sweep needs one value at least"
    key, equals, value = text.partition("=")
    if not equals and not text.startswith("~"):
        return forms
    if "[" in key:
        dotted = _BRACKETED.sub(r".\1", key)
        return f"name an item of a list by a dot: {dotted}={value}"
    if " " in key.strip() or not key.strip():
        return forms
    return f"close its brackets, or quote the value: '{key}=\"...\"'" if value else forms
