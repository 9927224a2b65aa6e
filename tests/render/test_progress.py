"""A bar while something takes its time."""

from __future__ import annotations

import io

import pytest
from rich.console import Console

from hydra_cached.render import console, progress


def _show(monkeypatch: pytest.MonkeyPatch, *, is_terminal: bool, patience_s: float, unit: str = "entries") -> str:
    stream = io.StringIO()
    monkeypatch.setattr(
        console, "talk_console", lambda: Console(file=stream, force_terminal=is_terminal, width=100, color_system=None)
    )
    monkeypatch.setattr(progress, "_PATIENCE_S", patience_s)
    with progress.showing_progress("verifying", unit) as show:
        for done in range(0, 5_000_000, 1_000_000):
            show(done, 4_000_000)
    return stream.getvalue()


def test_terminal_sees_how_far_it_is(monkeypatch: pytest.MonkeyPatch) -> None:
    shown = _show(monkeypatch, is_terminal=True, patience_s=-1.0)
    assert "verifying" in shown
    assert "4000000/4000000" in shown


def test_bytes_are_shown_as_sizes(monkeypatch: pytest.MonkeyPatch) -> None:
    assert "4.0/4.0 MB" in _show(monkeypatch, is_terminal=True, patience_s=-1.0, unit="bytes")


def test_what_is_done_at_once_shows_no_bar(monkeypatch: pytest.MonkeyPatch) -> None:
    assert "verifying" not in _show(monkeypatch, is_terminal=True, patience_s=60.0)


def test_pipe_gets_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    assert _show(monkeypatch, is_terminal=False, patience_s=-1.0) == ""
