from __future__ import annotations

from typing import Any

import pytest

from hydra_cached.errors import UsageError
from hydra_cached.targets import UNCHECKED, TargetPolicy, policy_from_whitelist


def strict(*allow: str) -> TargetPolicy:
    return TargetPolicy(allow, is_strict=True, option="allow=")


@pytest.mark.parametrize(
    ("value", "policy"),
    [
        (None, UNCHECKED),
        ("mypkg.load", strict("mypkg.load")),
        ("mypkg.*", strict("mypkg.*")),
        (["mypkg.*", "json.loads", "mypkg.*"], strict("mypkg.*", "json.loads")),
        (("a.b.*",), strict("a.b.*")),
        ([], strict()),
    ],
)
def test_a_whitelist_becomes_a_strict_policy(value: Any, policy: TargetPolicy) -> None:
    assert policy_from_whitelist(value) == policy


@pytest.mark.parametrize("value", ["", "*", ".*", "mypkg*", "mypkg.*.load", "a..*", "my?kg", [""], [1], 1, ["a", None]])
def test_entries_that_hydra_does_not_know_are_refused(value: Any) -> None:
    with pytest.raises(UsageError, match="invalid entry in _execution_whitelist_"):
        policy_from_whitelist(value)


class TestWithHydra14:
    """What only Hydra 1.4 has: a sentinel, whitelists as objects, and those around a call."""

    @pytest.fixture
    def utils(self) -> Any:
        utils = pytest.importorskip("hydra.utils")
        if not hasattr(utils, "execution_whitelist"):
            pytest.skip("needs hydra-core 1.4")
        return utils

    def test_checks_can_be_disabled(self, utils: Any) -> None:
        assert policy_from_whitelist(utils.UNSAFE_DISABLE_EXECUTION_CHECKS) == UNCHECKED

    def test_a_whitelist_object_is_read(self, utils: Any) -> None:
        assert policy_from_whitelist(utils.execution_whitelist(["a.*", "b.c"])) == strict("a.*", "b.c")

    def test_the_whitelist_around_a_call_counts(self, utils: Any) -> None:
        with utils.execution_whitelist(["a.*"]):
            assert policy_from_whitelist(None) == strict("a.*")
            assert policy_from_whitelist(["b.*"]) == strict("b.*", "a.*")
            assert policy_from_whitelist(utils.execution_whitelist(["b.*"], reset=True)) == strict("b.*")
        assert policy_from_whitelist(None) == UNCHECKED
