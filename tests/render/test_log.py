"""Events as log records."""

from __future__ import annotations

import logging
from collections.abc import Iterator

import pytest

from hydra_cached.events import Event, LookedUp, NodeFailed, NodeFinished, NodeStarted, RunStarted, Warned
from hydra_cached.render.log import EventLog, configure_logging


@pytest.fixture(autouse=True)
def restored_logging() -> Iterator[None]:
    root, own = logging.getLogger(), logging.getLogger("hydra_cached")
    handlers, level, own_level = root.handlers[:], root.level, own.level
    yield
    for handler in root.handlers[:]:
        root.removeHandler(handler)
    for handler in handlers:
        root.addHandler(handler)
    root.setLevel(level)
    own.setLevel(own_level)


@pytest.mark.parametrize(
    ("event", "level", "message"),
    [
        (RunStarted("id", "configs.ner", 1), "INFO", "pipeline configs.ner: 1 node"),
        (NodeStarted("a.b", "pkg.f", "new", "no earlier result"), "INFO", "running a.b (pkg.f): new"),
        (NodeStarted("", "pkg.f", "not_persisted", "run with -p"), "INFO", "running pkg.f"),
        (NodeStarted("a", "pkg.f", "code_changed", "of f"), "INFO", "running a (pkg.f): code changed (of f)"),
        (
            NodeFinished("a", "pkg.f", "ran", 1.25, 3_400_000, True),
            "INFO",
            "finished a (pkg.f) in 1.25 s, 3.4 MB stored",
        ),
        (NodeFinished("a", "pkg.f", "ran", 1.25, None, False), "INFO", "finished a (pkg.f) in 1.25 s"),
        (NodeFinished("a", "pkg.f", "hit", 1.25, 10, True), "INFO", "hit a (pkg.f), saved 1.25 s"),
        (NodeFinished("a", "pkg.f", "cutoff", 1.25, 10, True), "INFO", "cutoff a (pkg.f), saved 1.25 s"),
        (NodeFailed("a", "pkg.f", "ValueError('x')"), "ERROR", "failed a (pkg.f): ValueError('x')"),
        (Warned("a", "100 % strange"), "WARNING", "100 % strange"),
    ],
)
def test_an_event_becomes_one_record(event: Event, level: str, message: str, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level("INFO")
    EventLog()(event)
    assert [(record.levelname, record.getMessage()) for record in caplog.records] == [(level, message)]


def test_look_ups_are_logged_only_when_asked_for(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level("INFO")
    event = LookedUp("a", "pkg.f", "recipe", "0123456789abcdef", False)
    EventLog()(event)
    assert not caplog.records
    EventLog(is_verbose=True)(event)
    assert caplog.messages == ["looked up a (pkg.f) by recipe key 0123456789ab: not found"]


def test_records_in_a_pipe_are_plain_lines_on_stderr(capsys: pytest.CaptureFixture[str]) -> None:
    configure_logging("INFO")
    logging.getLogger("users.own").info("[bold] %s", "long " * 50)
    logging.getLogger("users.own").debug("below the level")
    out, err = capsys.readouterr()
    assert out == ""
    assert err.count("\n") == 1
    assert "INFO     [bold] long long" in err


def test_records_on_a_terminal_go_through_rich(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("FORCE_COLOR", "1")
    monkeypatch.setenv("TERM", "xterm-256color")
    configure_logging("WARNING")
    logging.getLogger("hydra_cached").warning("look at [bold]this")
    logging.getLogger("hydra_cached").info("below the level")
    err = capsys.readouterr().err
    assert "\x1b[" in err
    assert "look at" in err
    assert "bold" in err
    assert "hydra_cached" not in err
    assert "below the level" not in err
