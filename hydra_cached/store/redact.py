"""Keeps secrets out of what is written down: values of environment variables whose names look secret become ``***``."""

from __future__ import annotations

import os
import re
from collections.abc import Iterable, Mapping
from functools import lru_cache
from typing import Any

MASK = "***"
_NAME = re.compile(
    r"TOKEN|SECRET|PASSWORD|PASSWD|PASSPHRASE|API_?KEY|PRIVATE_?KEY|ACCESS_?KEY|CREDENTIAL|^HYDRA_CACHED_KEY$",
    re.IGNORECASE,
)
_MIN_LENGTH = 4


def secret_values(environ: Mapping[str, str] | None = None) -> tuple[str, ...]:
    """Values not to be written down, longest first. Shorter ones than four characters do not count."""
    named = os.environ if environ is None else environ
    values = {named[name] for name in named if _looks_secret(name)}
    values = {value for value in values if len(value) >= _MIN_LENGTH}
    return tuple(sorted(values, key=lambda value: (-len(value), value)))


@lru_cache(maxsize=4096)
def _looks_secret(name: str) -> bool:
    return _NAME.search(name) is not None


def redact(config: Any, *, secrets: Iterable[str] | None = None) -> Any:
    """A copy of a plain nested config, or of a text, without secrets, whether they stand alone or inside longer texts.

    Args:
        config: dicts, lists, tuples and scalars; anything else is returned as it is.
        secrets: what to mask, as `secret_values` gives it; by default those of this process's environment.

    Example:
        >>> redact({"url": "https://me:hunter22@host"}, secrets=["hunter22"])
        {'url': 'https://me:***@host'}
    """
    masked = secret_values() if secrets is None else tuple(secrets)
    return _redact(config, masked) if masked else config


def _redact(value: Any, secrets: tuple[str, ...]) -> Any:
    if isinstance(value, str):
        for secret in secrets:
            if secret in value:
                value = value.replace(secret, MASK)
        return value
    if isinstance(value, Mapping):
        return {_redact(key, secrets): _redact(item, secrets) for key, item in value.items()}
    if isinstance(value, (list, tuple)):
        items = [_redact(item, secrets) for item in value]
        return items if isinstance(value, list) else tuple(items)
    if isinstance(value, (int, float)) and not isinstance(value, bool):
        # YAML reads an all-digit password as a number
        return MASK if str(value) in secrets else value
    return value
