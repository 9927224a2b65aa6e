"""Arguments and options that several commands share, and how their values are read."""

from __future__ import annotations

import math
import re
from typing import Annotated

import typer

from hydra_cached.config import Choice
from hydra_cached.errors import UsageError

DEFAULT_CACHE_DIR = "cache"
LEVELS = ("DEBUG", "INFO", "WARNING", "ERROR", "CRITICAL")
MIN_KEY_DIGITS = 8

PipelineArgument = Annotated[
    str | None,
    typer.Argument(
        metavar="PIPELINE",
        help="A module (pipelines.ner) or a file (pipelines/ner.py, conf/ner.yaml), either with :object. "
        "With --config-dir there is none.",
        show_default=False,
    ),
]
OverridesArgument = Annotated[
    list[str] | None,
    typer.Argument(
        metavar="OVERRIDE",
        help="Changes to the config, in Hydra's grammar: model.lr=0.1 +new=2 ~old steps.0.n=3.",
        show_default=False,
    ),
]
ObjectOption = Annotated[
    str | None,
    typer.Option(
        "-o",
        "--config-object",
        metavar="NAME",
        help="Name of the config in the module or file.  [default: config, or the whole YAML file]",
        show_default=False,
    ),
]
ConfigDirOption = Annotated[
    str | None,
    typer.Option(
        "--config-dir",
        metavar="DIR",
        help="A directory of Hydra configs; all arguments are overrides then, of config groups too.",
        show_default=False,
    ),
]
ConfigNameOption = Annotated[
    str | None,
    typer.Option(
        "--config-name",
        metavar="NAME",
        help="The primary config in that directory.  [default: config]",
        show_default=False,
    ),
]
CacheDirOption = Annotated[
    str,
    typer.Option("-c", "--cache-dir", metavar="DIR", envvar="HYDRA_CACHED_DIR", help="Directory of stored results."),
]
TargetGlobOption = Annotated[
    str | None,
    typer.Option(
        "--target", metavar="GLOB", help="Only results of these targets, as in 'mypkg.*'.", show_default=False
    ),
]

_UNIT_SECONDS = {"s": 1, "m": 60, "h": 3600, "d": 86_400, "w": 604_800}
_AGE = re.compile(r"([0-9]+(?:\.[0-9]+)?)([smhdw])")


def choose_pipeline(
    pipeline: str | None,
    overrides: list[str] | None,
    config_object: str | None,
    config_dir: str | None,
    config_name: str | None,
) -> Choice:
    """What the arguments and options of a command name as its pipeline."""
    words = tuple(overrides or ())
    if config_dir is not None and pipeline is not None:
        words, pipeline = (pipeline, *words), None
    return Choice(pipeline, words, config_object, config_dir, config_name)


def parse_level(text: str) -> str:
    """A log level by its name, in any case.

    Raises:
        UsageError: there is no such level.
    """
    level = text.upper()
    if level not in LEVELS:
        raise UsageError(f'unknown log level "{text}"', hint=f"choose one of {', '.join(LEVELS)}")
    return level


def parse_milliseconds(text: str) -> float:
    """A number of milliseconds.

    Raises:
        UsageError: it is no number, below zero or infinite.
    """
    try:
        milliseconds = float(text)
    except ValueError:
        milliseconds = math.nan
    if not (milliseconds >= 0 and math.isfinite(milliseconds)):
        raise UsageError(f'invalid time "{text}"', hint="give milliseconds: 0, 50 or 1000")
    return milliseconds


def parse_seconds(text: str) -> float:
    """A number of seconds.

    Raises:
        UsageError: it is no number, below zero or infinite.
    """
    try:
        seconds = float(text)
    except ValueError:
        seconds = math.nan
    if not (seconds >= 0 and math.isfinite(seconds)):
        raise UsageError(f'invalid time "{text}"', hint="give seconds: 0, 60 or 3600")
    return seconds


def parse_jobs(text: str) -> int:
    """A number of calls to be made at once; `auto` is the number of processors.

    Raises:
        UsageError: it is neither.
    """
    if text.strip().lower() == "auto":
        from hydra_cached.execution.executors import count_cpus

        return count_cpus()
    if not re.fullmatch(r"[1-9][0-9]{0,3}", text.strip()):
        raise UsageError(f'invalid number of jobs "{text}"', hint="give 1, 2, ... or auto")
    return int(text)


def parse_percent(text: str | None) -> float:
    """A share such as `5%` or `5` as a number from 0 to 100; None is none.

    Raises:
        UsageError: it is no such number.
    """
    if text is None:
        return 0.0
    try:
        percent = float(text.strip().removesuffix("%"))
    except ValueError:
        percent = math.nan
    if not 0 <= percent <= 100:
        raise UsageError(f'invalid share "{text}"', hint="give a number from 0 to 100: 5% or 100%")
    return percent


def parse_age(text: str) -> float:
    """An age such as `7d` in seconds; units are s, m, h, d and w.

    Raises:
        UsageError: it is not a number with a unit.
    """
    match = _AGE.fullmatch(text.strip().lower())
    if match is None:
        raise UsageError(f'invalid age "{text}"', hint="write a number and a unit: 30s, 15m, 12h, 7d or 4w")
    return float(match[1]) * _UNIT_SECONDS[match[2]]


def parse_key_prefix(text: str) -> str:
    """The first digits of a key, as `cache ls` shows them.

    Raises:
        UsageError: it is too short, or not hexadecimal.
    """
    prefix = text.strip().lower()
    if not re.fullmatch(rf"[0-9a-f]{{{MIN_KEY_DIGITS},64}}", prefix):
        raise UsageError(
            f'invalid key "{text}"', hint=f"give {MIN_KEY_DIGITS} or more digits of a key that `cache ls` shows"
        )
    return prefix


def parse_cache_dir(text: str) -> str:
    """The cache directory.

    Raises:
        UsageError: its name is empty.
    """
    if not text.strip():
        raise UsageError("the cache directory has an empty name", hint=f"-c {DEFAULT_CACHE_DIR} is the default")
    return text
