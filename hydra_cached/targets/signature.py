"""Tells before a call whether a target takes its arguments. Calls nothing, and never refuses a valid call."""

from __future__ import annotations

import difflib
import inspect
from collections.abc import Callable, Sequence
from inspect import Parameter, Signature
from typing import Any

from hydra_cached.errors import TargetError

_MAX_SIGNATURE_CHARS = 160


def check_call(
    target: Callable[..., Any],
    positional_count: int,
    keyword_names: Sequence[str],
    *,
    path: str,
    target_id: str,
    is_partial: bool,
) -> None:
    """Refuse arguments that ``target`` does not take, or lacks.

    What is checked is the outermost callable as it is: a wrapper that takes anything is left to fail by itself, for
    it may add or rename arguments; so is a callable whose signature is unknown or only declared (`__signature__`).

    Args:
        positional_count: how many positional arguments there are.
        path: config path of the node, "" at the root.
        is_partial: arguments may be missing, they come later.

    Raises:
        TargetError: unknown, missing, surplus or doubly given arguments.
    """
    signature = _read_signature(target)
    if signature is None:
        return
    bind = signature.bind_partial if is_partial else signature.bind
    try:
        bind(*[None] * positional_count, **dict.fromkeys(keyword_names))
    except TypeError as exc:
        problem, hint = _explain(signature, positional_count, keyword_names, str(exc))
        where = f" at {path}" if path else ""
        raise TargetError(
            f"wrong arguments for {target_id}{where}: {problem}; it is {_show(target, target_id, signature)}",
            hint=hint,
            path=path,
            target=target_id,
        ) from exc


def _read_signature(target: Any) -> Signature | None:
    # what is declared is not what is enforced: pydantic's lists aliases only, and ignores what it does not list
    if getattr(target, "__signature__", None) is not None:
        return None
    if isinstance(target, type) and type(target).__call__ is not type.__call__:
        return None
    try:
        return inspect.signature(target, follow_wrapped=False)
    except (TypeError, ValueError):
        return None


def _explain(signature: Signature, positional_count: int, keyword_names: Sequence[str], reason: str) -> tuple[str, str]:
    """What is wrong, and a hint."""
    parameters = list(signature.parameters.values())
    by_keyword = [p.name for p in parameters if p.kind in (Parameter.POSITIONAL_OR_KEYWORD, Parameter.KEYWORD_ONLY)]
    positional = [p for p in parameters if p.kind in (Parameter.POSITIONAL_ONLY, Parameter.POSITIONAL_OR_KEYWORD)]
    takes_any_keyword = any(p.kind is Parameter.VAR_KEYWORD for p in parameters)
    takes_any_position = any(p.kind is Parameter.VAR_POSITIONAL for p in parameters)
    unknown = [name for name in keyword_names if name not in by_keyword]
    if unknown and not takes_any_keyword:
        free = [name for name in by_keyword if name not in keyword_names]
        near = difflib.get_close_matches(unknown[0], free, n=1)
        if any(p.name == unknown[0] for p in parameters):
            return f'"{unknown[0]}" is positional only', "give it in _args_"
        if near:
            hint = f'did you mean "{near[0]}"?'
        elif by_keyword:
            hint = f"it takes {_listed(by_keyword)}"
        else:
            takes_some = positional or takes_any_position
            hint = "it takes no names: give its arguments in _args_" if takes_some else "it takes no arguments"
        return f"no argument {_listed(unknown)}", hint
    if positional_count > len(positional) and not takes_any_position:
        return f"{positional_count} positional arguments, it takes {len(positional)}", "shorten _args_"
    twice = [p.name for p in positional[:positional_count] if p.name in keyword_names and p.name in by_keyword]
    if twice:
        return f"{_listed(twice)} is given twice", "once in _args_ and once by name; keep one"
    missing = [
        p.name
        for p in [*positional[positional_count:], *(p for p in parameters if p.kind is Parameter.KEYWORD_ONLY)]
        if p.default is Parameter.empty and p.name not in keyword_names
    ]
    if missing:
        return f"{_listed(missing)} is missing", f"add {missing[0]}: ... to the config, or _partial_: true"
    return reason, "look at its signature"


def _listed(names: Sequence[str]) -> str:
    return ", ".join(f'"{name}"' for name in names)


def _show(target: Any, target_id: str, signature: Signature) -> str:
    bare = signature.replace(
        parameters=[p.replace(annotation=Parameter.empty) for p in signature.parameters.values()],
        return_annotation=Signature.empty,
    )
    name = getattr(target, "__name__", None) or target_id.rpartition(".")[2]
    shown = " ".join(f"{name}{bare}".split())
    return shown if len(shown) <= _MAX_SIGNATURE_CHARS else f"{shown[: _MAX_SIGNATURE_CHARS - 3]}..."
