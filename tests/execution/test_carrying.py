"""Exceptions on their way from a worker: type, text, traceback and causes."""

from __future__ import annotations

import builtins
import copyreg
import sys
import threading
import traceback
from typing import Any

import pytest

from hydra_cached.execution.carrying import pack_error, unpack_error
from hydra_cached.fingerprint import digest_value


class LockedError(Exception):
    """Two arguments, of which one text is made, and something that cannot be pickled."""

    def __init__(self, a: str, b: int) -> None:
        super().__init__(f"bad {a} {b}")
        self.number = b
        self.lock = threading.Lock()


class TextOfLockError(Exception):
    def __init__(self) -> None:
        super().__init__(threading.Lock())

    def __str__(self) -> str:
        return f"lock {self.args[0].locked()}"


def raised(function: Any) -> BaseException:
    try:
        function()
    except BaseException as exc:
        return exc
    raise AssertionError("it raised nothing")


def carried(function: Any) -> BaseException:
    return unpack_error(pack_error(raised(function)))


def names(error: BaseException) -> list[str]:
    return [frame.name for frame in traceback.extract_tb(error.__traceback__)]


def test_errors_come_back_with_their_tracebacks_and_causes() -> None:
    def fail() -> None:
        try:
            raise KeyError("inner")
        except KeyError as exc:
            raise ValueError("outer") from exc

    found = carried(fail)
    assert repr(found) == "ValueError('outer')"
    assert repr(found.__cause__) == "KeyError('inner')"
    assert names(found)[-1] == "fail"


def test_passing_errors_changes_no_digest_of_exceptions() -> None:
    before, known = digest_value(ValueError("a")), dict(copyreg.dispatch_table)
    unpack_error(pack_error(ValueError("a")))
    assert digest_value(ValueError("a")) == before
    assert copyreg.dispatch_table == known


def test_errors_that_are_their_own_causes_come_back() -> None:
    def fail() -> None:
        first, second = ValueError("first"), KeyError("second")
        second.__cause__ = first
        raise first from second

    found = carried(fail)
    assert repr(found) == "ValueError('first')"
    assert repr(found.__cause__) == "KeyError('second')"
    assert found.__cause__.__cause__ is found  # type: ignore[union-attr]
    assert names(found)[-1] == "fail"


@pytest.mark.skipif(sys.version_info < (3, 11), reason="groups of exceptions came with Python 3.11")
def test_a_group_that_is_the_cause_of_what_it_groups_comes_back() -> None:
    def fail() -> None:
        inner = LockedError("a", 1)
        group = vars(builtins)["ExceptionGroup"]("g", [inner, ValueError("b")])
        inner.__cause__ = group
        raise group

    assert "g" in str(carried(fail))


def test_what_cannot_be_pickled_of_an_error_is_left_out() -> None:
    def fail() -> None:
        try:
            raise LockedError("inner", 1)
        except LockedError as exc:
            raise LockedError("outer", 2) from exc

    found = carried(fail)
    assert (type(found), str(found), names(found)[-1]) == (LockedError, "bad outer 2", "fail")
    assert vars(found) == {"number": 2}
    assert (type(found.__cause__), str(found.__cause__)) == (LockedError, "bad inner 1")


def test_an_error_whose_class_is_not_to_be_had_keeps_its_name_and_text() -> None:
    class LocalError(ValueError):
        pass

    def fail_locally() -> None:
        raise LocalError("text", 3)

    def fail_without_text() -> None:
        raise TextOfLockError

    found = carried(fail_locally)
    assert (type(found).__name__, str(found), names(found)[-1]) == ("LocalError", "('text', 3)", "fail_locally")
    found = carried(fail_without_text)
    assert (type(found).__name__, str(found), names(found)[-1]) == (
        "TextOfLockError",
        "lock False",
        "fail_without_text",
    )


@pytest.mark.skipif(sys.version_info < (3, 11), reason="groups of exceptions came with Python 3.11")
def test_groups_keep_what_is_in_them() -> None:
    def fail() -> None:
        raise vars(builtins)["ExceptionGroup"]("g", [LockedError("a", 1), ValueError("b")])

    found: Any = carried(fail)
    assert (type(found).__name__, found.message, names(found)[-1]) == ("ExceptionGroup", "g", "fail")
    assert [(type(each), str(each)) for each in found.exceptions] == [(LockedError, "bad a 1"), (ValueError, "b")]


@pytest.mark.parametrize("depth", [900, None], ids=["deep", "endless"])
def test_long_tracebacks_come_back(depth: int | None) -> None:
    def fail(left: int | None) -> Any:
        if left == 0:
            return {"a": 1}["b"]
        return fail(None if left is None else left - 1)

    expected = RecursionError if depth is None else KeyError
    found = carried(lambda: fail(depth if depth is None else depth - sum(1 for _ in traceback.walk_stack(None))))
    assert type(found) is expected
    assert len(names(found)) > 700
