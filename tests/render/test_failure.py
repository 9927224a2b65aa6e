"""The user's own exception, without our frames."""

from __future__ import annotations

import functools
import sys
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import pytest

from hydra_cached.errors import NodeFailedError, WorkerDiedError
from hydra_cached.execution.worker import call_target
from hydra_cached.render.failure import failure_line, first_user_frame, print_failure, user_traceback
from tests.render.reports import failed


def call(target: Callable[[], Any], path: str = "model.encoder") -> NodeFailedError:
    error = call_target(target).error
    assert error is not None
    return failed(error, path=path)


def raise_chained() -> None:
    try:
        int("three")
    except ValueError as exc:
        raise RuntimeError("no number") from exc


def test_the_traceback_has_the_users_frames_and_causes_but_none_of_ours() -> None:
    text = user_traceback(call(raise_chained))
    assert "raise_chained" in text
    assert "ValueError: invalid literal" in text
    assert text.endswith("RuntimeError: no number\n")
    assert "call_target" not in text


def test_an_exception_without_frames_of_the_users_is_still_told() -> None:
    error = call(functools.partial(int, "three"))
    assert user_traceback(error) == "ValueError: invalid literal for int() with base 10: 'three'\n"
    assert first_user_frame(error) is None


def test_the_line_names_node_target_and_exception() -> None:
    assert failure_line(call(raise_chained)) == 'node "model.encoder" (pkg.encode) failed: RuntimeError: no number'


def test_the_line_of_a_root_node_has_no_empty_path() -> None:
    assert failure_line(call(raise_chained, "")) == "the root node (pkg.encode) failed: RuntimeError: no number"


def test_the_line_is_one_line_whatever_the_exception_says() -> None:
    assert failure_line(failed(ValueError("first\nsecond"))).endswith("failed: ValueError: first")
    assert failure_line(failed(ValueError())).endswith("failed: ValueError")


def test_the_line_comes_before_the_traceback_on_stderr(capsys: pytest.CaptureFixture[str]) -> None:
    print_failure(call(raise_chained))
    out, err = capsys.readouterr()
    assert out == ""
    assert err.startswith('error: node "model.encoder" (pkg.encode) failed: RuntimeError: no number\nTraceback')
    assert "[/" not in err


def test_what_nobody_raised_is_one_line_and_its_hint(capsys: pytest.CaptureFixture[str]) -> None:
    print_failure(failed(WorkerDiedError("a worker died", hint="was there enough memory?")))
    assert capsys.readouterr().err.splitlines() == [
        'error: node "model.encoder" (pkg.encode) failed: WorkerDiedError: a worker died',
        "hint: was there enough memory?",
    ]
    print_failure(NodeFailedError("a (pkg.f) cannot run", path="a", target="pkg.f", hint="start workers"))
    assert capsys.readouterr().err.splitlines() == ["error: a (pkg.f) cannot run", "hint: start workers"]


def test_the_debugger_starts_at_the_users_frame() -> None:
    found = first_user_frame(call(raise_chained))
    assert found is not None
    assert found.tb_frame.f_code.co_name == "raise_chained"


@pytest.mark.skipif(sys.version_info < (3, 11), reason="exception groups came with Python 3.11")
def test_every_exception_of_a_group_is_cleaned(project: Callable[[Mapping[str, str]], Path]) -> None:
    project(
        {
            "grouped.py": """
            from hydra_cached.execution.worker import call_target

            def fail():
                raise ValueError("inner")

            def raise_group():
                raise ExceptionGroup("several", [call_target(fail).error])
            """
        }
    )
    grouped: Any = __import__("grouped")
    text = user_traceback(call(grouped.raise_group))
    assert "in fail" in text
    assert "ValueError: inner" in text
    assert "in call_target" not in text
