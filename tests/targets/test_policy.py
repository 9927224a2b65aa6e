"""What is allowed, what was recorded, what is handed out, and how a refusal reads."""

from __future__ import annotations

import functools
import shlex
from collections.abc import Callable, Mapping
from pathlib import Path

import pytest

from hydra_cached import instantiate
from hydra_cached.errors import TargetError, UsageError
from hydra_cached.targets import (
    UNCHECKED,
    TargetPolicy,
    allow_only,
    check_found,
    check_id,
    check_name,
    locate_target,
    target_id,
)
from tests.targets.policies import DENYING, MODULES, judge, refused

Project = Callable[[Mapping[str, str]], Path]


# --- what is allowed ------------------------------------------------------------------------------------------------


def test_without_enforcement_nothing_is_checked() -> None:
    judge("os.system", UNCHECKED)
    check_name("no.such.__globals__", UNCHECKED, path="")
    check_id("posix.system", UNCHECKED, path="")


@pytest.mark.parametrize(
    ("allow", "name"),
    [
        (["os.system"], "os.system"),
        (["os.system", "*"], "logging.os.system"),
        (["posix.system"], "os.system"),
        (["logging.os.system"], "logging.os.system"),
        (["pathlib.Path.unlink", "pathlib.*"], "pathlib.PosixPath.unlink"),
        (["builtins.exit"], "builtins.exit"),
        (["json.loads.__call__"], "json.loads.__call__"),
        (["os.environ.update"], "os.environ.update"),
    ],
)
def test_an_exact_entry_lifts_a_denial(allow: list[str], name: str) -> None:
    judge(name, TargetPolicy(tuple(allow)))


def test_an_exact_entry_lifts_no_denial_but_its_own() -> None:
    assert refused("os.popen", TargetPolicy(("os.system", "*"))) == "it runs shell commands"


def test_an_exact_entry_does_not_open_other_ways_to_its_target() -> None:
    assert refused("logging.os.system", TargetPolicy(("os.system",))) == "no --allow matches it"


def test_what_the_hint_says_is_enough() -> None:
    with pytest.raises(TargetError) as caught:
        check_name("os.system", DENYING, path="")
    allow = shlex.split((caught.value.hint or "").removeprefix("allow it with ").partition(" if ")[0])
    policy = TargetPolicy(tuple(allow[1::2]))

    assert allow[::2] == ["--allow", "--allow"]
    judge("os.system", policy)
    judge("json.loads", policy)
    assert refused("os.remove", policy) == "it deletes, moves or changes files"


@pytest.mark.parametrize("glob", ["*", "os.*", "o?.system", "os.s[y]stem"])
def test_a_glob_does_not_lift_a_denial(glob: str) -> None:
    assert refused("os.system", TargetPolicy((glob,))) == "it runs shell commands"


def test_a_glob_for_everything_leaves_what_is_denied() -> None:
    judge("json.loads", TargetPolicy(("*",)))
    assert refused("logging.os.system", TargetPolicy(("*",))) == "it is os.system, which runs shell commands"


def test_an_allow_list_refuses_all_others() -> None:
    policy = TargetPolicy(("math.*", "json.loads"))

    judge("math.sqrt", policy)
    judge("json.loads", policy)
    assert refused("json.dumps", policy) == "no --allow matches it"
    assert refused("math", policy) == "no --allow matches it"


def test_an_empty_strict_list_refuses_everything() -> None:
    assert refused("math.sqrt", TargetPolicy(is_strict=True)) == "no --allow matches it"


def test_a_glob_matches_through_dots() -> None:
    judge("json.decoder.JSONDecoder.decode", TargetPolicy(("json.*",)))


@pytest.mark.parametrize(
    ("name", "really"),
    [
        ("policy_steps.json.loads", "json.loads"),
        ("policy_steps.clean", "policy_other.clean"),
        ("policy_steps.bound_scale", "policy_other.scale"),
        ("policy_steps.shared", "policy_other.Model"),
        ("policy_steps.shared.fit", "policy_other.Model.fit"),
        ("policy_steps.zipfile.ZipFile", "zipfile.ZipFile"),
        ("policy_steps.os.getenv", "os.getenv"),
        ("policy_steps.join", "os.path.join"),
    ],
)
def test_a_glob_does_not_reach_through_a_package_into_others(project: Project, name: str, really: str) -> None:
    project(MODULES)

    assert refused(name, TargetPolicy(("policy_steps.*",))) == f"it is {really}, which no --allow matches"


def test_a_glob_allows_what_its_package_defines(project: Project) -> None:
    project(MODULES)

    for name in ("load", "Step", "Step.fit", "step", "step.fit", "bound_load"):
        judge(f"policy_steps.{name}", TargetPolicy(("policy_steps.*",)))


def test_a_re_export_is_allowed_by_its_exact_name_or_by_a_glob_on_its_home(project: Project) -> None:
    project(MODULES)

    judge("policy_steps.clean", TargetPolicy(("policy_steps.clean",)))
    judge("policy_steps.clean", TargetPolicy(("policy_steps.*", "policy_other.*")))
    judge("policy_steps.shared", TargetPolicy(("policy_steps.*", "policy_other.Model")))


def test_a_re_export_within_one_package_is_allowed_by_its_glob() -> None:
    judge("json.JSONDecoder", TargetPolicy(("json.*",)))


@pytest.mark.parametrize("name", ["os.path.join", "os.path.exists", "operator.add", "functools.reduce", "io.BytesIO"])
def test_the_standard_library_counts_under_its_public_names(name: str) -> None:
    judge(name, TargetPolicy((f"{name.rpartition('.')[0]}.*",)))


def test_the_written_name_must_match_as_well() -> None:
    assert refused("logging.re.compile", TargetPolicy(("re.*",))) == "no --allow matches it"


# --- recorded ids ---------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "recorded",
    [
        "posix.system",
        "os.system",
        "functools.partial(posix.system)",
        "functools.partial(functools.partial(posix.system))",
        "_sitebuiltins.Quitter()",
        "pathlib.Path.unlink",
        "pathlib._local.Path.unlink",
        "_pickle.loads",
    ],
)
def test_a_recorded_id_is_refused_without_import(recorded: str) -> None:
    with pytest.raises(TargetError, match="is refused: it "):
        check_id(recorded, DENYING, path="")


def test_a_recorded_id_is_judged_as_its_target_was(project: Project) -> None:
    project(MODULES)
    policy = TargetPolicy(("policy_steps.*",))
    steps = locate_target("policy_steps")

    for allowed in (steps.load, steps.step.fit, steps.bound_load, functools.partial(steps.Step)):
        check_id(target_id(allowed), policy, path="")
    for other in (steps.clean, steps.shared, steps.bound_scale, len):
        with pytest.raises(TargetError, match="no --allow matches"):
            check_id(target_id(other), policy, path="")


# --- objects that are taken and not called ------------------------------------------------------------------------


def test_modules_and_objects_of_the_process_are_not_handed_out() -> None:
    for name, message in [
        ("json", "it is a module"),
        ("logging.os.environ", "it is os.environ, which changes the process"),
        ("logging.os.system", "it is os.system, which runs shell commands"),
    ]:
        with pytest.raises(TargetError, match=message):
            check_found(locate_target(name), name, DENYING, path="")
    check_found(locate_target("math.pi"), "math.pi", DENYING, path="")
    check_found(locate_target("json.loads"), "json.loads", DENYING, path="")
    check_found(locate_target("json"), "json", TargetPolicy(("json",)), path="")


# --- messages -------------------------------------------------------------------------------------------------------


def error_of(name: str, policy: TargetPolicy, path: str = "model.data") -> TargetError:
    with pytest.raises(TargetError) as caught:
        check_name(name, policy, path=path)
    return caught.value


def test_the_message_names_node_target_reason_and_option() -> None:
    error = error_of("os.system", DENYING)

    assert error.message == 'target "os.system" at model.data is refused: it runs shell commands'
    assert error.hint == "allow it with --allow 'os.system' --allow '*' if you trust this config"
    strict = error_of("json.loads", TargetPolicy(("mypkg.*",)))
    assert strict.message == 'target "json.loads" at model.data is refused: no --allow matches it'
    assert strict.hint == "allow it with --allow 'json.loads' if you trust this config"
    assert error_of("os.system", DENYING, path="").message.startswith('target "os.system" at the root is refused')


def test_callers_in_python_read_their_option_in_the_message() -> None:
    error = error_of("os.system", allow_only([]))

    assert error.message == (
        'target "os.system" at model.data is refused: it runs shell commands; allow=["os.system", "*"] allows it'
    )
    assert error_of("json.loads", allow_only(["a.*"])).message == (
        'target "json.loads" at model.data is refused: no entry of allow matches it; allow=["json.loads"] allows it'
    )


def test_a_package_without_its_star_is_hinted_at() -> None:
    assert error_of("mypkg.load", TargetPolicy(("mypkg",))).hint == "did you mean --allow 'mypkg.*'?"


def test_a_hostile_name_can_neither_break_the_line_nor_the_shell() -> None:
    error = error_of("os.system\x1b[2J\n'; rm -rf ~ #.__x__", DENYING)

    assert error.message.isprintable()
    assert error.hint is not None
    assert error.hint.isprintable()
    assert "--allow 'os.system?[2J?'\"'\"'; rm -rf ~ #.__x__'" in error.hint


@pytest.mark.parametrize("allow", [("",), (" ",), (1,), "mypkg.*", ["mypkg.*"]])
def test_what_is_no_list_of_ids_is_refused(allow: object) -> None:
    with pytest.raises(UsageError, match="must be a list of target ids or globs"):
        TargetPolicy(allow)  # type: ignore[arg-type]


@pytest.mark.parametrize("allow", [3, [1], [""], {"mypkg.*": 1, 2: 3}])
def test_callers_in_python_are_told_what_is_no_list_of_ids(allow: object) -> None:
    with pytest.raises(UsageError, match="must be a list of target ids or globs") as caught:
        instantiate({"_target_": "builtins.dict"}, allow=allow)  # type: ignore[arg-type]
    assert caught.value.hint == 'write it as allow=["mypkg.*"]'


def test_callers_in_python_ask_for_three_policies() -> None:
    assert allow_only(None) == UNCHECKED
    assert allow_only([]) == TargetPolicy(option="allow=")
    assert allow_only(["a.*"]) == allow_only("a.*") == TargetPolicy(("a.*",), option="allow=")
