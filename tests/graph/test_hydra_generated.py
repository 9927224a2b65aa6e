"""Generated configs through Hydra's instantiate and ours: everything that can be told apart is the same.

`GENERATED_EXAMPLES=5000 pytest tests/graph/test_hydra_generated.py` tries many more, and other ones every time.
"""

from __future__ import annotations

import os

import hydra
import pytest
from hypothesis import HealthCheck, given, settings

from tests.graph.generated_configs import Case, calls, cases, parts, schemas
from tests.graph.outcomes import difference
from tests.graph.recording_targets import register_resolvers

EXAMPLES = int(os.environ.get("GENERATED_EXAMPLES", "120"))
generated = settings(
    max_examples=EXAMPLES,
    # the same examples every time, unless many are asked for
    derandomize="GENERATED_EXAMPLES" not in os.environ,
    database=None,
    deadline=None,
    suppress_health_check=list(HealthCheck),
)

pytestmark = [
    pytest.mark.skipif(
        not hydra.__version__.startswith("1.3."), reason="the semantics are those of Hydra 1.3, whichever is installed"
    ),
    pytest.mark.timeout(max(120, EXAMPLES)),
]


@pytest.fixture(autouse=True)
def _resolvers() -> None:
    register_resolvers()


def check(case: Case) -> None:
    if found := difference(case):
        pytest.fail(found)


@generated
@given(cases())
def test_whole_config(case: Case) -> None:
    check(case)


@generated
@given(parts())
def test_part_of_a_config(case: Case) -> None:
    check(case)


@generated
@given(calls())
def test_arguments_of_the_caller(case: Case) -> None:
    check(case)


@generated
@given(schemas())
def test_structured_config(case: Case) -> None:
    check(case)
