"""Whether two arguments are one object or two counts in the keys; what else is in the pipeline does not."""

from __future__ import annotations

from tests.graph.calling import call
from tests.keyed import assert_all_differ, call_key, keys_of

LISTS = {"x": call("make_list", n=1), "y": call("make_list_too", n=1)}


def test_one_object_twice_and_two_objects_of_equal_content_have_other_call_keys() -> None:
    tied = call_key({**LISTS, "f": call(a="${x}", b="${x}")}, "f")
    untied = call_key({**LISTS, "f": call(a="${x}", b="${y}")}, "f")
    assert tied is not None
    assert tied != untied


def test_one_object_twice_inside_an_argument_has_another_call_key() -> None:
    assert call_key({**LISTS, "f": call(a=["${x}", {"k": "${x}"}])}, "f") != call_key(
        {**LISTS, "f": call(a=["${x}", {"k": "${y}"}])}, "f"
    )


def test_which_arguments_are_one_object_counts() -> None:
    written = [("${x}", "${x}", "${y}"), ("${x}", "${y}", "${x}"), ("${y}", "${x}", "${x}")]
    found = {call_key({**LISTS, "f": call(a=a, b=b, c=c)}, "f") for a, b, c in written}
    assert len(found) == 3


def test_which_of_two_calls_of_equal_content_comes_first_does_not_count_in_the_call_key() -> None:
    assert call_key({**LISTS, "f": call(a="${x}", b="${y}")}, "f") == call_key(
        {**LISTS, "f": call(a="${y}", b="${x}")}, "f"
    )


def test_one_call_twice_and_two_equal_calls_have_other_keys() -> None:
    x = call("make_list", n=1)
    tied, untied = {"x": x, "f": call(a="${x}", b="${x}")}, {"f": call(a=x, b={**x})}
    assert_all_differ(keys_of(tied, "f"), keys_of(untied, "f"))


def test_one_call_and_two_equal_calls_further_below_have_other_keys() -> None:
    x = call("make_list", n=1)
    tied = {"x": x, "f": call(a=call("same", x="${x}"), b=call("pair", a="${x}", b=1))}
    untied = {"f": call(a=call("same", x=x), b=call("pair", a={**x}, b=1))}
    assert_all_differ(keys_of(tied, "f"), keys_of(untied, "f"))


def test_rest_of_the_pipeline_does_not_count() -> None:
    f = call(a=call("make_list", n=1), b=2)
    rest = {"g": call(c=3), "h": call("make_list", n=1), "i": {**f}}
    assert keys_of({"f": f}, "f") == keys_of({**rest, "f": f}, "f") == keys_of(f)


def test_equal_calls_in_the_rest_of_the_pipeline_do_not_count() -> None:
    x, y = call("make_list", n=1), call("make_list", n=2)
    f = call(a=call("same", x=x), b=call("pair", a={**x}, b=1), c=y)
    assert keys_of({"f": f}, "f") == keys_of({"f": f, "g": {**y}}, "f")
