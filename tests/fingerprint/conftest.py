"""What tests of fingerprints share."""

from __future__ import annotations

import sys

import pytest


@pytest.fixture
def compiles(monkeypatch: pytest.MonkeyPatch) -> None:
    """Lets Python write compiled files, as it does by default."""
    monkeypatch.setattr(sys, "dont_write_bytecode", False)
