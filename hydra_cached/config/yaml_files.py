"""Reads YAML files as Hydra does, but keeps aliases: `b: *a` is the very same dict. Resolves no interpolations."""

from __future__ import annotations

import functools
from pathlib import Path
from typing import Any

import yaml

from hydra_cached.config.kinds import describe_kind
from hydra_cached.config.omegaconf_internals import yaml_loader
from hydra_cached.errors import ConfigError

_LONGEST_SHOWN = 40
# that many Python reads whatever `sys.set_int_max_str_digits` was told
_MOST_DIGITS = 640


def read_yaml(path: Path) -> dict[Any, Any] | list[Any]:
    """The document in ``path`` as plain dicts and lists, "${...}" left as written.

    Raises:
        ConfigError: the file cannot be read, is not UTF-8, is not valid YAML, or is neither a mapping nor a list.
        RecursionError: it is nested deeper than the stack allows.
    """
    text = _read_text(path)
    try:
        document = yaml.load(text, Loader=_explaining_loader())
    except yaml.YAMLError as exc:
        raise _invalid_yaml(path, text, exc) from exc
    if document is None:
        raise ConfigError(f'"{path}" is empty', hint="a pipeline is a mapping with a _target_, or holds some")
    if not isinstance(document, (dict, list)):
        raise ConfigError(
            f'"{path}" holds {describe_kind(document)}, not a config', hint="write a mapping or a list at its top"
        )
    if _is_recursive(document, set(), set()):
        raise ConfigError(f'"{path}" has an alias inside its own anchor', hint="a config cannot contain itself")
    return document


@functools.lru_cache(maxsize=1)
def _explaining_loader() -> Any:
    """The loader, saying where a value is that Python cannot make of its text."""

    class Loader(yaml_loader()):  # type: ignore[misc]
        def construct_object(self, node: Any, deep: bool = False) -> Any:
            try:
                return super().construct_object(node, deep=deep)
            except (ValueError, LookupError) as exc:
                if not isinstance(node, yaml.ScalarNode):
                    raise
                kind, text = node.tag.rpartition(":")[2], node.value
                shown = text if len(text) <= _LONGEST_SHOWN else f"{text[:_LONGEST_SHOWN]}..."
                problem = f'"{shown}" is no {kind}'
                if kind == "int" and len(text) > _MOST_DIGITS:
                    problem = f"an int of {len(text)} digits is more than Python reads"
                raise yaml.constructor.ConstructorError(None, None, problem, node.start_mark) from exc

    return Loader


def _read_text(path: Path) -> str:
    try:
        content = path.read_bytes()
    except OSError as exc:
        raise ConfigError(f'cannot read "{path}": {exc.strerror}', hint="check the file's permissions") from exc
    try:
        return content.decode("utf-8-sig")
    except UnicodeDecodeError as exc:
        line = content.count(b"\n", 0, exc.start) + 1
        raise ConfigError(f'"{path}" is not UTF-8 text, see line {line}', hint="save the file as UTF-8") from exc


def _invalid_yaml(path: Path, text: str, exc: Any) -> ConfigError:
    mark = getattr(exc, "problem_mark", None)
    if mark is None:
        # a character that YAML forbids: its position is all that is known
        line = text.count("\n", 0, exc.position) + 1
        return ConfigError(f'invalid YAML in "{path}", line {line}: {exc.reason}', hint="remove the character")
    problem = exc.problem or exc.context or "cannot be parsed"
    if problem.startswith("but ") and exc.context:
        problem = f"{exc.context}, {problem}"
    return ConfigError(
        f'invalid YAML in "{path}", line {mark.line + 1}, column {mark.column + 1}: {problem}', hint=_advise(problem)
    )


def _advise(problem: str) -> str:
    if "duplicate key" in problem:
        return "keep one of the two"
    if "another document" in problem:
        return "a pipeline is one document only: keep one, and save the others in files of their own"
    if "constructor for the tag" in problem:
        return "plain YAML only: name callables with _target_"
    if "more than Python reads" in problem:
        return "write it in hexadecimal, 0x..., or in quotes, as text"
    if " is no " in problem:
        return "mend the value, or its tag"
    if "cannot start any token" in problem:
        return "indent with spaces, and quote strings that begin with a special character"
    return "look for an unclosed bracket or quote, a missing colon, or wrong indentation"


def _is_recursive(value: Any, above: set[int], done: set[int]) -> bool:
    if not isinstance(value, (dict, list)) or id(value) in done:
        return False
    if id(value) in above:
        return True
    above.add(id(value))
    children = value.values() if isinstance(value, dict) else value
    found = any(_is_recursive(child, above, done) for child in children)
    above.discard(id(value))
    done.add(id(value))
    return found
