"""Runs one config through Hydra's instantiate and ours, and says in words how the outcomes differ."""

from __future__ import annotations

from collections.abc import Callable
from importlib import import_module
from typing import Any

import hydra
import hydra.utils
from omegaconf import OmegaConf

from hydra_cached import instantiate
from tests.graph.generated_configs import Case
from tests.graph.recording_targets import describe, events, forget

IS_1_3 = hydra.__version__.startswith("1.3.")


def hydra_instantiate(config: Any, *args: Any, **kwargs: Any) -> Any:
    """Hydra's own, with all targets allowed: 1.4 warns when nothing is said about them."""
    if IS_1_3:
        return hydra.utils.instantiate(config, *args, **kwargs)
    unsafe = import_module("hydra.utils").UNSAFE_DISABLE_EXECUTION_CHECKS
    return hydra.utils.instantiate(config, *args, _execution_whitelist_=unsafe, **kwargs)


def disabled(config: Any, *args: Any, **kwargs: Any) -> Any:
    return instantiate(config, *args, cache="DISABLED", **kwargs)


def outcome(instantiate_: Callable[..., Any], case: Case, *, is_numbered: bool = True) -> dict[str, Any]:
    """What came of it, and what happened on the way."""
    forget(is_numbered=is_numbered)
    config = case.make()
    args, kwargs = case.make_arguments()
    before = spell(config), repr(kwargs)
    try:
        value = instantiate_(config, *args, **kwargs)
    except Exception as exc:
        return {**describe_error(exc, has_references="${" in repr(case.tree)), "events": list(events)}
    finally:
        assert instantiate_ is hydra_instantiate or (spell(config), repr(kwargs)) == before, "the input was changed"
    return {"value": describe(value), "events": list(events)}


def spell(config: Any) -> str:
    whole = config._get_root() if OmegaConf.is_config(config) else config
    return repr(whole)


def describe_error(exc: BaseException, *, has_references: bool) -> dict[str, Any]:
    chain = []
    cause: BaseException | None = exc
    while cause is not None:
        chain.append(type(cause))
        cause = cause.__cause__
    message = str(exc)
    if message.startswith("Recursive interpolation detected: "):
        # ours names the ring
        message = message.partition(": ")[0]
    if has_references:
        # of what is referred to, Hydra names the first reference, and we where it is written
        message = message.partition("\nfull_key:")[0]
        message = message.partition(": ")[0] if message.startswith("Missing") else message
    return {"chain": chain, "message": message}


def difference(case: Case) -> str:
    """How Hydra's outcome and ours differ, "" if they do not; then with sharing, which only leaves out calls."""
    theirs = outcome(hydra_instantiate, case)
    ours = outcome(disabled, case)
    if "chain" in theirs and not theirs["message"].startswith("Error in call to target"):
        # what is wrong with a config is found before anything is called
        ours["events"] = theirs["events"] = []
    found = compare("", ours, theirs)
    # where one call changes what another one gets, sharing shows
    if found or "change" in repr((case.tree, case.kwargs)):
        return found
    theirs = outcome(hydra_instantiate, case, is_numbered=False)
    ours = outcome(instantiate, case, is_numbered=False)
    if "chain" in theirs:
        ours["events"] = theirs["events"] = []
    made, remaining = ours.pop("events"), iter(theirs.pop("events"))
    found = compare("with sharing", ours, theirs)
    if not found and not all(event in remaining for event in made):
        found = f"with sharing: other calls, or another order of calls: {made!r:.1000}"
    return found


def compare(where: str, ours: Any, theirs: Any) -> str:
    """The first difference. pytest's own explanation takes hours for values as deep as these."""
    if ours == theirs:
        return ""
    if type(ours) is type(theirs) and isinstance(ours, (list, tuple)) and len(ours) == len(theirs):
        return next(
            text
            for i, (one, other) in enumerate(zip(ours, theirs, strict=True))
            if (text := compare(f"{where}/{i}", one, other))
        )
    if isinstance(ours, dict) and isinstance(theirs, dict) and ours.keys() == theirs.keys():
        return next(text for key in ours if (text := compare(f"{where}/{key}", ours[key], theirs[key])))
    return f"{where}: ours {ours!r:.1000}, theirs {theirs!r:.1000}"
