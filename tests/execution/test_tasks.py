"""What workers send back."""

from __future__ import annotations

import copyreg
import traceback

import pytest

from hydra_cached.execution.tasks import pack_error, unpack_error
from hydra_cached.fingerprint import digest_value


def test_errors_come_back_with_their_tracebacks_and_causes() -> None:
    def fail() -> None:
        try:
            raise KeyError("inner")
        except KeyError as exc:
            raise ValueError("outer") from exc

    with pytest.raises(ValueError, match="outer") as caught:
        fail()
    found = unpack_error(pack_error(caught.value))
    assert repr(found) == "ValueError('outer')"
    assert repr(found.__cause__) == "KeyError('inner')"
    assert [frame.name for frame in traceback.extract_tb(found.__traceback__)][-1] == "fail"


def test_passing_errors_changes_no_digest_of_exceptions() -> None:
    before, known = digest_value(ValueError("a")), dict(copyreg.dispatch_table)
    unpack_error(pack_error(ValueError("a")))
    assert digest_value(ValueError("a")) == before
    assert copyreg.dispatch_table == known
