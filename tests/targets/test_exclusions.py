from __future__ import annotations

import functools

import pytest

from hydra_cached.errors import TargetError
from hydra_cached.targets import resolve_exclusions, target_id
from hydra_cached.targets.exclusions import unmatched_globs


def test_any_spelling_becomes_the_canonical_id() -> None:
    assert resolve_exclusions(["os.path.join", "json.JSONDecoder"]) == ("posixpath.join", "json.decoder.JSONDecoder")


def test_words_are_split_at_commas_and_each_id_is_named_once() -> None:
    assert resolve_exclusions(["os.path.join, json.loads,", "posixpath.join"]) == ("posixpath.join", "json.loads")


@pytest.mark.parametrize("glob", ["my.*", "?.f", "pkg.[ab]*", "*"])
def test_glob_is_kept(glob: str) -> None:
    assert resolve_exclusions([glob]) == (glob,)


@pytest.mark.parametrize("target", [lambda: 1, functools.partial(len, "a"), functools.partial(lambda: 1)])
def test_id_that_only_describes_is_kept(target: functools.partial[int]) -> None:
    assert resolve_exclusions([target_id(target)]) == (target_id(target),)


def test_nothing_given_excludes_nothing() -> None:
    assert resolve_exclusions([]) == resolve_exclusions([""]) == resolve_exclusions([" , "]) == ()


@pytest.mark.parametrize(
    ("word", "message", "hint"),
    [
        ("json.laods", 'cannot import "json.laods": no "laods" in module "json"', 'did you mean "json.loads"?'),
        (
            "slow",
            'cannot import "slow": no module "slow"',
            'give the whole id, as in "module.slow", or a glob: "*.slow"',
        ),
        ("json", 'cannot exclude "json": it is a module', 'did you mean "json.*"?'),
        (
            "math.pi",
            'cannot call "math.pi": it is of type float',
            "a target is a function, a class or another callable",
        ),
    ],
)
def test_word_that_leads_to_nothing_is_refused(word: str, message: str, hint: str) -> None:
    with pytest.raises(TargetError) as caught:
        resolve_exclusions(["os.path.join", word])
    assert (caught.value.message, caught.value.hint) == (message, hint)


def test_globs_that_fit_no_target_are_told_from_those_that_fit_and_from_ids() -> None:
    assert unmatched_globs(["my.*,other.*", "os.path.join", "my.[x]*", "other.*"], ["my.f"]) == ["other.*", "my.[x]*"]
