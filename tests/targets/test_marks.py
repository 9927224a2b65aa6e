from __future__ import annotations

import functools
import pickle
from collections.abc import Callable
from typing import Any

import pytest

from hydra_cached.errors import UsageError
from hydra_cached.targets import Marks, env, marks_of, not_cached, not_deterministic, version


@not_deterministic
def draw() -> int:
    return 4


@not_deterministic
class Sampler:
    pass


class Inherits(Sampler):
    pass


@version("2")
class Remarked(Sampler):
    pass


class Holder:
    @not_deterministic
    def method(self) -> int:
        return 1

    @not_deterministic
    @staticmethod
    def outer_static() -> int:
        return 1

    @staticmethod
    @not_deterministic
    def inner_static() -> int:
        return 1

    @not_deterministic
    @classmethod
    def outer_class(cls) -> int:
        return 1


class Constructed:
    @not_deterministic
    def __init__(self) -> None: ...


class Called:
    @not_cached
    def __call__(self) -> int:
        return 1


@pytest.mark.parametrize(
    "target",
    [
        draw,
        Sampler,
        Inherits,
        Remarked,
        Holder.method,
        Holder().method,
        Holder.outer_static,
        Holder.inner_static,
        Holder.outer_class,
        Constructed,
        functools.partial(draw),
        not_deterministic(lambda: 1),
        functools.wraps(draw)(lambda: 1),
    ],
)
def test_marked_callable_is_not_deterministic(target: Callable[..., Any]) -> None:
    assert marks_of(target) == Marks(is_deterministic=False, version="2" if target is Remarked else None)


@pytest.mark.parametrize("target", [len, Holder, Marks, lambda: 1, functools.partial(len), Called, object()])
def test_unmarked_object_has_no_marks(target: object) -> None:
    assert marks_of(target) == Marks()


def test_marks_of_a_call_method_count_for_instances_only() -> None:
    assert not marks_of(Called()).is_cached
    assert marks_of(Called).is_cached


def test_marking_returns_the_object_itself() -> None:
    def f() -> None: ...

    class C: ...

    p = functools.partial(f)
    assert not_deterministic(f) is f
    assert not_cached(C) is C
    assert version("1")(p) is p


def test_marks_add_up() -> None:
    @not_deterministic
    @env("B", "C")
    @version("3")
    @not_cached
    @env("C", "A")
    def f() -> None: ...

    assert marks_of(f) == Marks(is_deterministic=False, is_cached=False, version="3", env=("B", "C", "A"))


def test_marks_of_a_partial_add_to_those_of_its_function() -> None:
    marked = version("2")(env("A")(functools.partial(env("B")(version("1")(lambda: 1)))))
    assert marks_of(marked) == Marks(version="2", env=("A", "B"))


def test_marking_a_subclass_leaves_its_base_alone() -> None:
    assert marks_of(Sampler).version is None


def test_callable_that_takes_no_attributes_is_wrapped() -> None:
    wrapped = not_deterministic(len)
    assert wrapped is not len
    assert wrapped("abc") == 3
    assert wrapped.__name__ == "len"
    assert not marks_of(wrapped).is_deterministic
    assert marks_of(len).is_deterministic


def test_marking_one_bound_method_leaves_the_others_alone() -> None:
    class C:
        def m(self) -> int:
            return 5

    first, second = C(), C()
    marked = not_deterministic(first.m)
    assert marked() == 5
    assert not marks_of(marked).is_deterministic
    assert marks_of(second.m).is_deterministic


def test_static_method_of_a_builtin_stays_a_static_method() -> None:
    class C:
        size = not_deterministic(staticmethod(len))

    assert C().size("ab") == 2
    assert not marks_of(C.size).is_deterministic


def test_object_that_answers_to_any_attribute_has_no_marks() -> None:
    class Eager:
        def __getattr__(self, name: str) -> int:
            return 1

    assert marks_of(Eager()) == Marks()


def test_marked_function_and_marks_survive_pickling() -> None:
    assert pickle.loads(pickle.dumps(draw)) is draw
    assert pickle.loads(pickle.dumps(marks_of(draw))) == marks_of(draw)


@pytest.mark.parametrize(
    ("decorate", "message"),
    [
        (lambda: not_deterministic(3), "cannot mark 3: it is not callable"),
        (lambda: version(2), "a version is a string, not 2"),  # type: ignore[arg-type]
        (lambda: env(), "env needs names of environment variables"),
        (lambda: env(print), "env needs names of environment variables"),  # type: ignore[arg-type]
    ],
)
def test_misused_decorator_is_refused(decorate: Callable[[], object], message: str) -> None:
    with pytest.raises(UsageError) as caught:
        decorate()
    assert caught.value.message == message
    assert caught.value.hint
