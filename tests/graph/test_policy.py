"""Which targets a config may call or reach, checked while its graph is built: nothing has run when one is refused."""

from __future__ import annotations

import functools
import importlib
import operator
import os
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import pytest
from hydra.errors import InstantiationException
from omegaconf import OmegaConf

from hydra_cached import MemoryCache, RunOptions, Store, depends_on, instantiate, run
from hydra_cached.errors import TargetError
from hydra_cached.graph import build_graph
from hydra_cached.targets import TargetPolicy

Project = Callable[[Mapping[str, str]], Path]

DENYING = TargetPolicy()
HARM = {"_target_": "os.system", "command": "echo harm > harm.txt"}
LOADS = {"_target_": "hydra.utils.get_method", "path": "json.loads"}
COUNTING = """
asked = []

def __getattr__(name):
    if name != "f":
        raise AttributeError(name)
    asked.append(name)
    return len
"""


@pytest.fixture(params=["plain", "omegaconf"])
def as_config(request: pytest.FixtureRequest) -> Callable[[Any], Any]:
    """Both ways in which configs are read."""
    return OmegaConf.create if request.param == "omegaconf" else lambda config: config


def refused(config: Any, policy: TargetPolicy = DENYING) -> TargetError:
    with pytest.raises(TargetError) as caught:
        build_graph(config, policy=policy)
    assert " is refused: " in caught.value.message
    return caught.value


def test_by_default_nothing_is_checked(as_config: Callable[[Any], Any]) -> None:
    graph = build_graph(as_config({"a": HARM, "b": {"_target_": "builtins.len.__call__", "_args_": [[]]}}))
    assert [node.call.target for node in graph.nodes] == [os.system, operator.attrgetter("__call__")(len)]


@pytest.mark.parametrize(
    ("config", "path", "full_key"),
    [
        (HARM, "", ""),
        ({"model": {"data": HARM}}, "model.data", "model.data"),
        ({"steps": [1, HARM]}, "steps.1", "steps1"),
        (
            {"x": {"_target_": "builtins.dict", "a": {"_target_": "builtins.list", "_args_": [[HARM]]}}},
            "x.a._args_.0.0",
            "x.a._args_[0]0",
        ),
        ({"a": {**HARM, "_partial_": True}}, "a", "a"),
        ({"name": "os.system", "a": {"_target_": "${name}", "command": "x"}}, "a", "a"),
        ({"a": {"_target_": "logging.os.system", "command": "x"}}, "a", "a"),
        ({"a": "${b}", "b": HARM}, "b", "b"),
    ],
)
def test_a_denied_call_is_refused_wherever_it_stands(
    as_config: Callable[[Any], Any], config: Any, path: str, full_key: str
) -> None:
    error = refused(as_config(config))
    assert (error.path, error.full_key) == (path, full_key)


@pytest.mark.parametrize("target", [os.system, functools.partial(os.system), Path("x").unlink])
def test_a_denied_callable_is_refused(target: Any) -> None:
    refused({"_target_": target})


def test_the_target_that_a_caller_sets_is_checked() -> None:
    with pytest.raises(TargetError, match="is refused"):
        build_graph({"_target_": "builtins.dict"}, kwargs={"_target_": "os.system"}, policy=DENYING)
    with pytest.raises(TargetError, match="is refused"):
        build_graph({"_target_": "builtins.dict", "a": {}}, kwargs={"a": HARM}, policy=DENYING)


# --- configs that are passed on unexpanded ----------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("argument", "path"),
    [
        (HARM, "model.optimizer"),
        ({"deep": [{"er": HARM}]}, "model.optimizer.deep.0.er"),
        ({"_target_": "shutil.os.remove", "path": "x"}, "model.optimizer"),
        ({"_target_": "hydra.utils.get_method", "path": "os.system"}, "model.optimizer"),
        ({"_target_": "hydra.utils.get_method", "_args_": ["os.system"]}, "model.optimizer"),
        ({"_target_": "builtins.dict", "a": HARM}, "model.optimizer.a"),
        ({"_target_": "${name}"}, "model.optimizer"),
    ],
)
def test_targets_in_configs_passed_on_unexpanded_are_checked(
    as_config: Callable[[Any], Any], argument: Any, path: str
) -> None:
    config = {"name": "os.system", "model": {"_target_": "builtins.dict", "_recursive_": False, "optimizer": argument}}
    assert refused(as_config(config)).path == path


def test_positional_configs_passed_on_unexpanded_are_checked(as_config: Callable[[Any], Any]) -> None:
    config = {"model": {"_target_": "builtins.list", "_recursive_": False, "_args_": [[HARM]]}}
    assert refused(as_config(config)).path == "model._args_.0.0"


def test_a_target_passed_on_unexpanded_has_to_be_allowed(as_config: Callable[[Any], Any]) -> None:
    config = as_config({"_target_": "builtins.dict", "_recursive_": False, "loss": {"_target_": "math.sqrt", "x": 4}})
    assert build_graph(config, policy=TargetPolicy(("builtins.*", "math.*"))).nodes[0].target_id == "builtins.dict"
    assert refused(config, TargetPolicy(("builtins.*",))).target == "math.sqrt"


def test_a_target_passed_on_unexpanded_that_cannot_be_imported_yet_is_an_error(as_config: Callable[[Any], Any]) -> None:
    config = as_config({"_target_": "builtins.dict", "_recursive_": False, "a": {"_target_": "written_later.run"}})
    with pytest.raises(TargetError, match=r'cannot import "written_later\.run" at a'):
        build_graph(config, policy=DENYING)


# --- names that are looked up -----------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "lookup",
    [
        {"_target_": "hydra.utils.get_method", "path": "os.system"},
        {"_target_": "hydra.utils.get_method", "path": "shutil.os.remove"},
        {"_target_": "hydra.utils.get_method", "_args_": ["os.system"]},
        {"_target_": "hydra.utils.get_static_method", "path": "pathlib.PosixPath.unlink"},
        {"_target_": "hydra.utils.get_class", "path": "subprocess.Popen"},
        {"_target_": "hydra.utils.get_object", "path": "os"},
        {"_target_": "hydra.utils.get_object", "path": "os.environ"},
        {"_target_": "hydra.utils.get_object", "path": "json.loads.__globals__"},
        {"_target_": "hydra.utils.get_method", "path": "hydra.utils.get_method"},
        {"_target_": "hydra.utils.get_method", "path": "builtins.getattr"},
        {"_target_": "hydra.utils.get_method", "_partial_": True},
        {"_target_": "hydra.utils.get_method", "path": {"_target_": "builtins.str", "_args_": ["os.system"]}},
        {"_target_": "builtins.getattr", "_args_": ["${path}", "unlink"]},
        {"_target_": "builtins.getattr", "_args_": ["${path}", "__class__"]},
        {"_target_": "builtins.getattr", "_args_": ["${path}", "gi_frame"]},
        {"_target_": "builtins.getattr", "_args_": ["${path}"], "_partial_": True},
        {"_target_": "builtins.getattr", "_args_": ["${path}", {"_target_": "builtins.str", "_args_": ["unlink"]}]},
        {"_target_": "operator.attrgetter", "_args_": ["name", "parent.unlink"]},
        {"_target_": "operator.methodcaller", "_args_": ["unlink"]},
        {"_target_": "operator.methodcaller", "_partial_": True},
        {"_target_": "operator.methodcaller", "_args_": ["system", "echo harm"]},
        {"_target_": "operator.methodcaller", "_args_": ["Popen"]},
        {"_target_": "operator.attrgetter", "_args_": ["_flavour.pathmod"]},
        {"_target_": "operator.attrgetter", "_args_": ["parser.os"]},
        {"_target_": "builtins.getattr", "_args_": ["${path}", "os"]},
    ],
)
def test_what_leads_to_a_denied_callable_by_name_is_refused(as_config: Callable[[Any], Any], lookup: Any) -> None:
    config = {"path": {"_target_": "pathlib.Path", "_args_": ["x"]}, "found": lookup}
    assert refused(as_config(config)).path == "found"


@pytest.mark.parametrize(
    ("lookup", "expected"),
    [
        ({"_target_": "hydra.utils.get_method", "path": "math.sqrt"}, "sqrt"),
        ({"_target_": "hydra.utils.get_class", "_args_": ["collections.OrderedDict"]}, "OrderedDict"),
        ({"_target_": "hydra.utils.get_object", "path": "math.pi"}, "3.14"),
        ({"_target_": "builtins.getattr", "_args_": ["${path}", "name"]}, "x"),
        ({"_target_": "operator.attrgetter", "_args_": ["parent.name"]}, "attrgetter"),
        ({"_target_": "operator.methodcaller", "_args_": ["exists"]}, "methodcaller"),
        ({"_target_": "operator.methodcaller", "_args_": ["close"]}, "methodcaller"),
    ],
)
def test_other_look_ups_work(as_config: Callable[[Any], Any], lookup: Any, expected: str) -> None:
    config = {"path": {"_target_": "pathlib.Path", "_args_": ["x"]}, "found": lookup, "_convert_": "all"}
    assert expected in str(instantiate(as_config(config), allow=[])["found"])


def test_a_name_that_is_looked_up_has_to_be_allowed(as_config: Callable[[Any], Any]) -> None:
    config = as_config({"_target_": "hydra.utils.get_method", "path": "math.sqrt"})
    assert refused(config, TargetPolicy(("hydra.utils.*",))).target == "math.sqrt"
    assert build_graph(config, policy=TargetPolicy(("hydra.utils.*", "math.*"))).nodes


# --- what a call is said to depend on ---------------------------------------------------------------------------------


def depending(*names: Any) -> dict[str, Any]:
    return {"step": {"_target_": "builtins.dict", "_depends_on_": list(names)}}


@pytest.mark.parametrize("name", ["written_later.f", "jsonlike", "json.loads.__globals__", "os.system"])
def test_what_a_call_depends_on_has_to_be_allowed_before_it_is_imported(
    as_config: Callable[[Any], Any], name: str
) -> None:
    error = refused(as_config(depending("json.loads", name)), TargetPolicy(("builtins.*", "json.*")))
    assert (error.path, error.target) == ("step", name)


@pytest.mark.parametrize("name", ["json", "json.loads", "collections.abc"])
def test_a_call_may_depend_on_what_is_allowed_and_on_modules_it_lies_in(
    as_config: Callable[[Any], Any], name: str
) -> None:
    policy = TargetPolicy(("builtins.*", "json.*", "collections.abc.Sized"))
    assert build_graph(as_config(depending(name)), policy=policy).nodes


def test_what_a_decorator_says_is_no_configs() -> None:
    @depends_on("statistics.mean")
    def step() -> int:
        return 1

    config = {"_target_": step, "_depends_on_": ["json.loads"]}
    allowed = TargetPolicy((f"{__name__}.*", "json.*"))
    assert build_graph(config, policy=allowed).nodes[0].call.declared.depends_on == ("statistics.mean", "json.loads")
    assert refused(config, TargetPolicy((f"{__name__}.*",))).target == "json.loads"


# --- what calls hand on to each other ---------------------------------------------------------------------------------

FORMATTER = "string.Formatter.get_field"
GLOBALS = {
    "_target_": FORMATTER,
    "_args_": [{"_target_": "string.Formatter"}, "0.__globals__", [{**LOADS}], {}],
}


def item(container: Any, key: Any) -> dict[str, Any]:
    return {"_target_": "operator.getitem", "_args_": [container, key]}


EVAL = item(item(item(GLOBALS, 0), "__builtins__"), "eval")
WAY_AROUND = {"_target_": "builtins.list", "_args_": [{"_target_": "builtins.map", "_args_": [EVAL, ["1 + 1"]]}]}


def test_a_way_around_by_attributes_is_refused_by_name() -> None:
    assert refused(WAY_AROUND).target == FORMATTER


@pytest.mark.parametrize("cache", [None, "DISABLED", MemoryCache(), "store"], ids=lambda cache: type(cache).__name__)
def test_a_way_around_is_refused_by_what_it_leads_to(cache: Any, tmp_path: Path) -> None:
    cache = Store(tmp_path) if cache == "store" else cache
    with pytest.raises(InstantiationException, match="is refused: its argument is "):
        instantiate(WAY_AROUND, cache=cache, allow=[FORMATTER, "*"])


@pytest.mark.parametrize("jobs", [1, 2])
def test_a_way_around_is_refused_in_a_run(jobs: int, tmp_path: Path) -> None:
    options = RunOptions(jobs=jobs)
    with Store(tmp_path) as store:
        report = run(WAY_AROUND, store=store, options=options, policy=TargetPolicy((FORMATTER, "*")))
    assert isinstance(report.error, TargetError)
    assert "is refused: its argument is " in report.error.message


def test_what_the_caller_wrote_is_not_looked_at() -> None:
    assert instantiate(WAY_AROUND, _convert_="all") == [2]


def test_callables_are_handed_on() -> None:
    config = {"_target_": "builtins.list", "_args_": [{"_target_": "builtins.map", "_args_": [LOADS, ["1", "[2]"]]}]}
    assert instantiate(config, allow=[]) == [1, [2]]


# --- in Python --------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("cache", [None, "DISABLED", MemoryCache()], ids=["none", "disabled", "memory"])
def test_instantiate_refuses_with_hydras_exception_and_names_its_option(cache: Any) -> None:
    with pytest.raises(InstantiationException) as caught:
        instantiate({"model": {"data": HARM}}, cache=cache, allow=[])
    assert str(caught.value) == (
        'target "os.system" at model.data is refused: it runs shell commands; allow=["os.system", "*"] allows it'
        "\nfull_key: model.data"
    )


def test_instantiate_takes_an_allow_list() -> None:
    config = {"_target_": "math.sqrt", "_args_": [4]}
    assert instantiate(config, allow=["math.*"]) == instantiate(config, allow=["math.sqrt"]) == 2
    with pytest.raises(InstantiationException, match="no entry of allow matches it"):
        instantiate(config, allow=["json.*"])


def test_instantiate_takes_hydras_whitelist() -> None:
    config = {"_target_": "math.sqrt", "_args_": [4]}
    assert instantiate(config, _execution_whitelist_="math.*") == 2
    with pytest.raises(InstantiationException, match="no entry of allow matches it"):
        instantiate(config, _execution_whitelist_=[])
    with pytest.raises(TypeError, match="give one of them"):
        instantiate(config, allow=[], _execution_whitelist_=[])


def test_run_refuses_before_anything_runs(project: Project) -> None:
    folder = project({"noting.py": "def note():\n    open('noted', 'w').close()\n"})
    config = {"first": {"_target_": "noting.note"}, "second": HARM}
    with pytest.raises(TargetError, match="second is refused"):
        run(config, policy=DENYING)
    assert not (folder / "noted").exists()
    assert not (folder / "harm.txt").exists()


def test_a_spelling_is_looked_for_and_checked_once(project: Project) -> None:
    project({"counted.py": COUNTING})
    build_graph([{"_target_": "counted.f", "_args_": [[i]]} for i in range(100)], policy=DENYING)
    asked = importlib.import_module("counted").asked
    # found once, and once more for its id
    assert 1 <= len(asked) <= 2
