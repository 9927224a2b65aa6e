"""`_partial_` gives a plain partial, whose identity is the callable, its code and the bound arguments."""

from __future__ import annotations

import functools
import json
import pickle
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import pytest

from hydra_cached import Store, instantiate, run
from tests.conftest import RunCli
from tests.graph import targets_of_tests as targets
from tests.graph.outcomes import hydra_instantiate

HERE = targets.__name__
Project = Callable[[Mapping[str, str]], Path]


def partial(target: str = "add", **kwargs: Any) -> dict[str, Any]:
    return {"_target_": f"{HERE}.{target}", "_partial_": True, **kwargs}


def recipe(config: Any, store: Store) -> str | None:
    return run(config, store=store).nodes[-1].recipe_key


@pytest.mark.parametrize("cache", ["DISABLED", None, "store"])
def test_it_is_what_hydra_gives_as_a_plain_partial(cache: Any, tmp_path: Path) -> None:
    config = partial("Box", _args_=[1, [2]], x={"y": 3}, z=partial(a=1), _convert_="all")
    cache = Store(tmp_path) if cache == "store" else cache
    for _ in range(2):
        made, theirs = instantiate(config, cache=cache), hydra_instantiate(config)
        assert type(made) is type(made.keywords["z"]) is functools.partial
        assert (made.func, made.args, made.keywords["x"]) == (theirs.func, theirs.args, theirs.keywords["x"])
        assert made.keywords["z"](b=2) == theirs.keywords["z"](b=2) == 3


def test_stored_it_names_nothing_of_hydra(tmp_path: Path) -> None:
    made = instantiate(partial(a=1), cache=Store(tmp_path))
    assert b"hydra" not in pickle.dumps(made)
    assert b"hydra" not in b"".join(map(bytes, Store(tmp_path).dump(made).chunks))


def test_callable_arguments_and_modes_decide_its_identity(tmp_path: Path) -> None:
    with Store(tmp_path) as store:
        different = [
            partial(a=1),
            partial(a=2),
            partial(a=True),
            partial(b=1),
            partial(a=1, b=1),
            partial(_args_=[1]),
            partial("show", a=1),
            partial(a=1, _convert_="all"),
            partial(a=partial(a=1)),
            {**partial(a=1), "_partial_": False, "b": 2},
        ]
        keys = [recipe(config, store) for config in different]
        assert None not in keys
        assert len(set(keys)) == len(keys)
        assert recipe(partial(b=1, a=1), store) == keys[4]


def test_missing_arguments_are_left_out(tmp_path: Path) -> None:
    with Store(tmp_path) as store:
        assert recipe(partial(a=1, b="???"), store) == recipe(partial(a=1), store)


def test_changed_code_of_its_callable_makes_another_one(project: Project, run_cli: RunCli) -> None:
    steps = """
        def scale(x, by):
            return x {operator} by


        def apply(function, x):
            return function(x)


        scaled = dict(_target_=scale, _partial_=True, by=3)
        config = dict(_target_=apply, function=scaled, x=2)
    """
    seen = []
    for operator in ("*", "*", "+"):
        project({"steps.py": steps.format(operator=operator)})
        report = json.loads(run_cli("run", "steps", "-p", "--json").stdout)
        seen.append((report["result"], [(node["path"], node["status"]) for node in report["nodes"]]))
    assert seen == [
        ("6", [("function", "ran"), ("", "ran")]),
        ("6", [("function", "skipped"), ("", "hit")]),
        ("5", [("function", "ran"), ("", "ran")]),
    ]
