"""Says our errors in Hydra's words, for callers of `instantiate`, and OmegaConf's in ours, for the command line."""

from __future__ import annotations

import re

from hydra_cached.errors import ConfigError, HydraCachedError, NodeFailedError, TargetError
from hydra_cached.graph.bind import ArgumentsError
from hydra_cached.graph.kinds import hydra_version
from hydra_cached.graph.paths import marked_place
from hydra_cached.graph.rings import RingError

_INDEX = re.compile(r"\[(\w+)\]")


def as_hydra_error(error: TargetError | NodeFailedError | RingError) -> Exception:
    """The exception that the installed `hydra.utils.instantiate` raises in that case, with its cause set.

    Hydra 1.3 wraps what a target raises in an `InstantiationException`; 1.4 lets it through with a note.
    """
    from hydra.errors import InstantiationException
    from omegaconf.errors import InterpolationResolutionError

    if isinstance(error, RingError):
        return InterpolationResolutionError(f"Recursive interpolation detected: {error.ring}")
    if isinstance(error, NodeFailedError) and error.__cause__ is None and not error.is_call:
        # of a result that no config can hold
        return RecursionError(error.message)
    is_wrapping = hydra_version() < (1, 4)
    cause = error.__cause__
    full_key = f"\nfull_key: {error.full_key}" if error.full_key else ""
    if isinstance(error, NodeFailedError):
        if isinstance(cause, Exception) and not is_wrapping:
            if error.full_key and hasattr(cause, "add_note"):
                cause.add_note(f"full_key: {error.full_key}")
            return cause
        message = f"Error in call to target '{error.target}':\n{cause!r}"
    elif isinstance(error, ArgumentsError):
        message = error.message
        if is_wrapping:
            cause = cause or InstantiationException(message)
            message = f"Error in collecting args and kwargs for '{error.target}':\n{cause!r}"
    elif cause is not None or not all(error.target.split(".")):
        hint = ", set env var HYDRA_FULL_ERROR=1 to see chained exception." if is_wrapping else ""
        message = f"Error locating target '{error.target}'{hint}"
        cause = _locating_error(error)
    else:
        message = error.message
    wrapped = InstantiationException(message + full_key)
    wrapped.__cause__ = cause
    return wrapped


def _locating_error(error: TargetError) -> Exception:
    is_relative = bool(error.target) and not all(error.target.split("."))
    text = f"{error.message}\n{error.hint}" if error.hint else error.message
    located = ValueError(text) if is_relative else ImportError(text)
    located.__cause__ = error.__cause__
    return located


def as_config_error(error: Exception) -> HydraCachedError:
    """An error of OmegaConf (or Hydra) while a config was read, as one line with a hint."""
    lines = [line.strip() for line in str(error).splitlines() if line.strip()]
    message = lines[0] if lines else type(error).__name__
    # in full keys of OmegaConf's the last index has no brackets: our own are better
    where = marked_place(error) or _INDEX.sub(r".\1", getattr(error, "full_key", None) or "")
    kind = type(error).__name__
    hint = "look at the config with `hydra-cached show-config`"
    if kind == "MissingMandatoryValue":
        where = where or message.rpartition(" ")[2]
        message, hint = f'missing value at "{where}"', f"set it on the command line: {where}=VALUE"
    elif "Interpolation" in kind:
        hint = "the reference names what is not in the config, or its resolver failed"
        if message.startswith("Recursive interpolation detected: "):
            message = f"the config refers to itself in a ring: {message.partition(': ')[2]}"
            hint = "remove one of the references"
        elif where and f"'{where}'" not in message:
            message = f'{message} at "{where}"'
    elif where:
        message = f'{message} at "{where}"'
    return ConfigError(message, hint=hint, path=where)


def say_where(error: TargetError) -> TargetError:
    """The error with its path in the message: what has Hydra's words has none, for Hydra tells it below them."""
    if error.path and not re.search(rf'(?:\bat |"){re.escape(error.path)}(?![\w.])', error.message):
        error.message = f'{error.message} at "{error.path}"'
    return error
