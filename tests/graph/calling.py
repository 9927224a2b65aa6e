"""Configs of calls of the common targets."""

from __future__ import annotations

from typing import Any

from tests.graph import targets_of_tests

HERE = targets_of_tests.__name__


def call(target: str = "show", /, **kwargs: Any) -> dict[str, Any]:
    """A call of one of `targets_of_tests`."""
    return {"_target_": f"{HERE}.{target}", **kwargs}
