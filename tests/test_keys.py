"""What recipe keys and call keys tell apart, what they do not, and when there are none."""

from __future__ import annotations

import sys
import threading
from collections.abc import Callable, Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from hydra_cached.fingerprint import CodeFingerprints, digest_value
from hydra_cached.graph import Graph, Items, Ref, build_graph
from hydra_cached.keys import Keys
from hydra_cached.keys import keys as keys_module
from tests.graph.calling import call
from tests.graph.targets_of_tests import Point
from tests.keyed import CODE, EQUAL_CONTENT, assert_all_differ, call_key, keys_of, node_at, recipe

Project = Callable[[Mapping[str, str]], Path]


def recipe_with(graph: Graph, name: str, expression: Any) -> str | None:
    """The recipe key of the last node, given another argument."""
    node = graph.nodes[-1]
    place = replace(node.call, kwargs={**node.call.kwargs, name: expression})
    changed = Graph((*graph.nodes[:-1], replace(node, places=(place,))), graph.root, graph.node_of_place)
    return Keys(changed, CODE).recipe(changed.nodes[-1])


# --- what counts -----------------------------------------------------------------------------------------------------


def test_equal_calls_have_equal_keys() -> None:
    assert keys_of(call(x=[1, {"y": "z"}])) == keys_of(call(x=[1, {"y": "z"}]))


def test_recipe_key_is_never_a_call_key() -> None:
    first, second = keys_of(call(x=1))
    assert first != second


def test_convert_mode_counts() -> None:
    modes = ("none", "partial", "object", "all")
    assert_all_differ(*(keys_of(call(x=1, _convert_=mode)) for mode in modes))


def test_inherited_convert_mode_counts() -> None:
    config = call("Box", x=call(y=1))
    assert_all_differ(keys_of(config, "x"), keys_of({**config, "_convert_": "all"}, "x"))


def test_recursive_mode_counts() -> None:
    # what a target is handed unexpanded refuses objects, what was built for it does not
    assert_all_differ(keys_of(call(x={"y": 1})), keys_of(call(x={"y": 1}, _recursive_=False)))


def test_partial_call_is_another_call() -> None:
    assert_all_differ(keys_of(call(x=1)), keys_of(call(x=1, _partial_=True)))


def test_conversion_of_a_childs_value_counts() -> None:
    graph = build_graph(call(x=call("make_dict")))
    (child,) = graph.nodes[-1].call.children
    assert len({recipe_with(graph, "x", Ref(child, mode)) for mode in ("none", "partial", "object", "all")}) == 4


def test_config_and_plain_container_are_other_arguments() -> None:
    graph = build_graph(call(x=[1]))
    assert recipe_with(graph, "x", Items(None, (1,), True)) != recipe_with(graph, "x", Items(None, (1,), False))


def test_list_and_tuple_are_other_arguments() -> None:
    graph = build_graph(call(x=[1]))
    assert recipe_with(graph, "x", Items(None, (1,), False)) != recipe_with(
        graph, "x", Items(None, (1,), False, is_tuple=True)
    )


def test_conversion_of_a_built_config_counts() -> None:
    graph = build_graph(call(x=[1]))
    assert recipe_with(graph, "x", Items(None, (1,), True, convert="all")) != recipe_with(
        graph, "x", Items(None, (1,), True)
    )


def test_structured_config_and_dict_are_other_arguments() -> None:
    assert_all_differ(keys_of(call(p=Point(1, 2))), keys_of(call(p={"x": 1, "y": 2})))


def test_names_of_arguments_count() -> None:
    assert_all_differ(keys_of(call(x=1)), keys_of(call(y=1)))


@pytest.mark.parametrize(
    "values",
    [
        pytest.param([1, True, 1.0, "1"], id="types"),
        pytest.param([0.0, -0.0], id="zeros"),
        pytest.param([None, "None", ""], id="none"),
        pytest.param([[], {}], id="empty containers"),
        pytest.param([{"a": 1}, {"b": 1}], id="names inside"),
        pytest.param([[[1], 2], [[1, 2]], [[[1, 2]]]], id="nesting"),
    ],
)
def test_values_of_arguments_count(values: list[Any]) -> None:
    assert_all_differ(*(keys_of(call(x=value)) for value in values))
    assert_all_differ(*(keys_of(call(x=[value, call("make_dict")])) for value in values))


def test_keyword_equal_to_the_default_counts() -> None:
    assert_all_differ(keys_of(call("make_list", n=1)), keys_of(call("make_list", n=1, rate=0.0)))
    assert_all_differ(keys_of(call("Model")), keys_of(call("Model", weight=0.0)))


def test_order_of_keywords_does_not_count() -> None:
    assert keys_of(call(a=1, b=2)) == keys_of(call(b=2, a=1))


def test_order_of_keywords_that_are_calls_does_not_count() -> None:
    a, b = call("make_list", n=1), call("make_list", n=2)
    assert keys_of(call(a=a, b=b, c=3)) == keys_of(call(c=3, b=b, a=a))
    tied = {"x": a, "y": b, "f": call(p="${x}", q="${x}", r="${y}")}
    turned = {"x": a, "y": b, "f": call(r="${y}", q="${x}", p="${x}")}
    assert keys_of(tied, "f") == keys_of(turned, "f")


def test_which_keyword_has_which_call_counts() -> None:
    a, b = call("make_list", n=1), call("make_list", n=2)
    assert recipe(call(p=a, q=b)) != recipe(call(p=b, q=a))


def test_arguments_of_the_caller_count() -> None:
    assert len({recipe(call(), args=args) for args in [(), (1,), (2,), (1, 2), (2, 1)]}) == 5


def test_targets_of_equal_code_differ() -> None:
    assert_all_differ(keys_of(call("make_list", n=1)), keys_of(call("make_list_too", n=1)))


def test_code_of_the_target_counts(project: Project) -> None:
    config = {"_target_": "steps_of_keys.load"}
    project({"steps_of_keys.py": "def load(): return 1"})
    before = build_graph(config)
    first = Keys(before, CodeFingerprints()).recipe(before.nodes[0])
    del sys.modules["steps_of_keys"]
    project({"steps_of_keys.py": "def load(): return 22"})
    after = build_graph(config)
    assert Keys(after, CodeFingerprints()).recipe(after.nodes[0]) != first


def test_schema_number_counts(monkeypatch: pytest.MonkeyPatch) -> None:
    first = keys_of(call(x=1))
    monkeypatch.setattr(keys_module, "SCHEMA", keys_module.SCHEMA + 1)
    assert_all_differ(first, keys_of(call(x=1)))


@pytest.mark.parametrize("step", [(1, 0), (0, 1)], ids=["major", "minor"])
def test_python_version_counts(monkeypatch: pytest.MonkeyPatch, step: tuple[int, int]) -> None:
    first = keys_of(call(x=1))
    major, minor, *rest = sys.version_info
    with monkeypatch.context() as patch:
        patch.setattr(sys, "version_info", (major + step[0], minor + step[1], *rest))
        second = keys_of(call(x=1))
    assert_all_differ(first, second)


def test_micro_version_of_python_does_not_count(monkeypatch: pytest.MonkeyPatch) -> None:
    first = keys_of(call(x=1))
    major, minor, micro, *rest = sys.version_info
    with monkeypatch.context() as patch:
        patch.setattr(sys, "version_info", (major, minor, micro + 1, *rest))
        assert keys_of(call(x=1)) == first


# --- declared inputs -------------------------------------------------------------------------------------------------


def test_declared_version_counts() -> None:
    assert_all_differ(keys_of(call()), *(keys_of(call(_version_=each)) for each in ("", "1", "2")))


def test_value_of_a_declared_variable_counts(monkeypatch: pytest.MonkeyPatch) -> None:
    found = [keys_of(call(_env_=["KEYS_X"]))]
    for value in ("", "1", "2"):
        monkeypatch.setenv("KEYS_X", value)
        found.append(keys_of(call(_env_=["KEYS_X"])))
    assert_all_differ(*found)


def test_name_of_a_declared_variable_counts() -> None:
    assert_all_differ(keys_of(call()), keys_of(call(_env_=["KEYS_X"])), keys_of(call(_env_=["KEYS_Y"])))


def test_variable_that_is_not_declared_does_not_count(monkeypatch: pytest.MonkeyPatch) -> None:
    first = keys_of(call(_env_=["KEYS_X"]))
    monkeypatch.setenv("KEYS_Y", "1")
    assert keys_of(call(_env_=["KEYS_X"])) == first


# --- names never collide ---------------------------------------------------------------------------------------------


@pytest.mark.parametrize("keyword", ["0", "@0", "@=0", "@=@0", "_0"])
def test_keyword_is_not_taken_for_a_position(keyword: str) -> None:
    assert recipe({**call(), keyword: 1}) != recipe(call(), args=(1,))


@pytest.mark.parametrize("keyword", ["_env_.KEYS_X", "_env_ KEYS_X", "@env KEYS_X", "@=@env KEYS_X", "KEYS_X"])
def test_keyword_is_not_taken_for_a_variable(keyword: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("KEYS_X", "1")
    assert_all_differ(keys_of(call(_env_=["KEYS_X"])), keys_of({**call(), keyword: "1"}))


@pytest.mark.parametrize("keyword", ["_version", "version", "@version", "@=@version", "@_version_"])
def test_keyword_is_not_taken_for_the_version(keyword: str) -> None:
    assert_all_differ(keys_of(call(_version_="1")), keys_of({**call(), keyword: "1"}))


def test_keywords_that_look_like_names_of_positions_differ() -> None:
    assert_all_differ(*(keys_of({**call(), name: 1}) for name in ("0", "@0", "=0", "@=0", "@=@0")))


# --- children --------------------------------------------------------------------------------------------------------


def test_arguments_of_a_child_count_in_the_recipe_only() -> None:
    one, two = (call("same", x=call("make_list", n=n)) for n in (1, 2))
    assert recipe(one) != recipe(two)
    assert call_key(one) == call_key(two)


def test_content_of_a_child_counts_in_the_call_key() -> None:
    graph = build_graph(call("same", x=call("make_list", n=1)))
    keys = Keys(graph, CODE)
    assert keys.call(graph.nodes[-1], lambda place: EQUAL_CONTENT) != keys.call(
        graph.nodes[-1], lambda place: digest_value("other content")
    )


def test_childs_key_counts_as_no_text() -> None:
    child = recipe(call("make_dict"))
    assert recipe(call(x=call("make_dict"))) != recipe(call(x=child))


# --- no key ----------------------------------------------------------------------------------------------------------

KEYLESS: dict[str, dict[str, Any]] = {
    "not deterministic": {"_not_deterministic_": True},
    "not cached": {"_cache_result_": False},
    "not digestible": {"lock": threading.Lock()},
}


@pytest.mark.parametrize("marks", KEYLESS.values(), ids=KEYLESS.keys())
def test_what_contains_a_call_without_recipe_key_has_none(marks: dict[str, Any]) -> None:
    config = call(x=[call(y=call(n=1, **marks))])
    assert [recipe(config, path) for path in ("x.0.y", "x.0", "")] == [None, None, None]


@pytest.mark.parametrize("marks", KEYLESS.values(), ids=KEYLESS.keys())
def test_what_contains_a_call_without_recipe_key_has_a_call_key(marks: dict[str, Any]) -> None:
    assert call_key(call(x=call(n=1, **marks))) == call_key(call(x=call(n=1)))


def test_recipe_key_beside_a_call_without_one_is_kept() -> None:
    config = {"a": call(lock=threading.Lock()), "b": call(n=1)}
    assert recipe(config, "b") == recipe({"b": call(n=1)}, "b") is not None


def test_keywords_that_are_no_texts_have_keys_of_their_own() -> None:
    keywords = (1, True, 1.5, "1", "@1", b"1")
    recipes = [recipe({"_target_": "builtins.dict", keyword: 2}) for keyword in keywords]
    assert None not in recipes
    assert len(set(recipes)) == len(keywords)


def test_undigestible_argument_leaves_no_call_key_and_is_named() -> None:
    graph = build_graph(call(good=1, bad=threading.Lock()))
    keys = Keys(graph, CODE)
    assert keys.call(graph.nodes[0], lambda place: EQUAL_CONTENT) is None
    assert "argument bad" in keys.identity(graph.nodes[0]).problem


def test_undigestible_value_beside_a_call_in_one_argument_leaves_no_keys() -> None:
    config = call(bad=[call("make_dict"), threading.Lock()])
    assert recipe(config) is None
    assert call_key(config) is None


def test_child_without_content_digest_leaves_no_call_key() -> None:
    graph = build_graph(call(a=[call("make_list", n=1), call("make_list", n=2)]))
    for known in graph.nodes[-1].call.children:
        assert Keys(graph, CODE).call(graph.nodes[-1], {known: EQUAL_CONTENT}.get) is None


def test_depth_of_nested_calls_is_not_limited() -> None:
    config = call("make_dict")
    for _ in range(2_000):
        config = call("same", x=config)
    assert recipe(config) is not None


def test_spoilt_node_leaves_those_that_contain_it_without_recipe_key() -> None:
    graph = build_graph({"a": call(n=1), "b": call(x="${a}"), "c": call(x="${b}"), "d": call(n=2)})
    keys = Keys(graph, CODE)
    a, b, c, d = (node_at(graph, path) for path in "abcd")
    before = keys.recipe(d)
    keys.spoil(a, "changed in place")
    assert [keys.recipe(node) for node in (a, b, c)] == [None, None, None]
    assert keys.call(a, lambda place: EQUAL_CONTENT) is None
    assert keys.identity(a).problem == "changed in place"
    assert keys.recipe(d) == before is not None


@pytest.mark.parametrize(
    "config",
    [
        call(x=call(x=1), y=2, z=call(x=3)),
        call(x=call(x=1), y=[1, 2], z=call(x=3), _convert_="all"),
        call(x=1, _args_=[call(x=1), 5, call(x=2)]),
        call(x=[call(x=1), 2], y=call(x=1)),
    ],
)
def test_texts_in_results_that_name_no_file_change_no_key(config: Any) -> None:
    graph = build_graph(config)
    node, keys = node_at(graph, ""), Keys(graph, CODE)
    digests = {place: digest_value(number) for number, place in enumerate(node.call.children)}
    assert keys.call(node, digests.get, lambda place: ("no such file",)) == keys.call(node, digests.get)
    first, *others = node.call.children
    assert keys.call(node, {**digests, first: digest_value("other")}.get) != keys.call(node, digests.get)
    assert keys.call(node, {place: digests[place] for place in others}.get) is None
