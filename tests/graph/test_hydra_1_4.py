"""What came with Hydra 1.4, where it is installed."""

from __future__ import annotations

from typing import Any

import pytest
from omegaconf import OmegaConf

from hydra_cached import instantiate
from tests.graph import recording_targets as targets
from tests.graph.outcomes import IS_1_3, disabled, hydra_instantiate
from tests.graph.recording_targets import Corner, Point, describe, forget

HERE = targets.__name__
POINT = Point(3, 4)


def box(**kwargs: Any) -> dict[str, Any]:
    return {"_target_": f"{HERE}.Box", **kwargs}


def outcome(instantiate_: Any, config: Any, **kwargs: Any) -> Any:
    forget(is_numbered=False)
    try:
        return describe(instantiate_(config, **kwargs))
    except Exception as exc:
        return type(exc), str(exc)


CONFIGS: dict[str, Any] = {
    "isolation of a call": box(_isolate_=True, x=[1]),
    "isolation of a call inside": {"a": box(_isolate_=True, x=[1])},
    "isolation at the top": {"_isolate_": True, "x": box()},
    "isolation in a dict inside": {"a": {"_isolate_": True, "x": [1]}},
    "isolation of a config with references": {
        "_isolate_": True,
        "a": "${oc.env:NO_SUCH_NAME,x}",
        "b": box(_isolate_=1),
    },
}


@pytest.mark.parametrize("config", CONFIGS.values(), ids=CONFIGS)
def test_isolate_is_an_argument_before_1_4_and_none_since(config: Any) -> None:
    assert outcome(disabled, config) == outcome(hydra_instantiate, config)
    assert outcome(instantiate, config) == outcome(hydra_instantiate, config)


@pytest.mark.parametrize("kwargs", [{"isolate": True}, {"_isolate_": True}, {"isolate": False, "x": 1}])
def test_isolation_that_the_caller_asks_for_is_no_argument_since_1_4(kwargs: dict[str, Any]) -> None:
    assert outcome(disabled, box(), **kwargs) == outcome(hydra_instantiate, box(), **kwargs)


@pytest.mark.parametrize(
    ("config", "kwargs"),
    [
        (box(), {"x": POINT}),
        (box(x={"a": 1}), {"x": POINT}),
        (box(x=box(x=5)), {"x": {"x": POINT}}),
        (box(x="${y}", y=1), {"y": POINT}),
        (box(_convert_="all"), {"x": POINT, "y": [POINT]}),
        ({"a": {"b": 1}}, {"a": {"c": [POINT]}}),
        ({"a": 1}, {"a": POINT}),
        (box(), {"x": Point}),
        (targets.Shape(), {"extra": Corner(POINT)}),
        (box(), {"x": OmegaConf.structured(POINT)}),
    ],
)
def test_dataclass_of_the_caller_is_a_config_before_1_4_and_an_object_since(config: Any, kwargs: Any) -> None:
    assert outcome(disabled, config, **kwargs) == outcome(hydra_instantiate, config, **kwargs)


@pytest.mark.skipif(IS_1_3, reason="Hydra 1.3 takes no tuple")
def test_tuple_at_the_top_is_a_config() -> None:
    for config in ((1, box()), (1, box(x="${0}"))):
        assert outcome(disabled, config)[0] == outcome(hydra_instantiate, config)[0] == "TupleConfig"
