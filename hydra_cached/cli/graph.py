"""The command `graph`."""

from __future__ import annotations

import contextlib
from typing import TYPE_CHECKING, Annotated

import typer

from hydra_cached.cli.options import (
    DEFAULT_CACHE_DIR,
    CacheDirOption,
    ConfigDirOption,
    ConfigNameOption,
    ObjectOption,
    OverridesArgument,
    PipelineArgument,
    choose_pipeline,
    parse_cache_dir,
)
from hydra_cached.errors import UsageError

if TYPE_CHECKING:
    from hydra_cached.execution.report import RunReport

_FORMATS = ("tree", "mermaid", "dot", "svg")


def graph(
    pipeline: PipelineArgument = None,
    overrides: OverridesArgument = None,
    config_object: ObjectOption = None,
    config_dir: ConfigDirOption = None,
    config_name: ConfigNameOption = None,
    drawn_as: Annotated[
        str, typer.Option("--format", metavar="FORMAT", help="tree, mermaid, dot or svg (needs Graphviz).")
    ] = "tree",
    is_persistent: Annotated[
        bool, typer.Option("-p", "--persist-cache", help="Show what would run, and what the store already has.")
    ] = False,
    cache_dir: CacheDirOption = DEFAULT_CACHE_DIR,
) -> None:
    """Draw the calls of a pipeline, each once, and what uses what. Nothing is run.

    With -p every call is shown with what would become of it, in colour.
    """
    from hydra_cached import api
    from hydra_cached.cli.loading import load_one
    from hydra_cached.store import Store
    from hydra_cached.targets import TargetPolicy

    if drawn_as not in _FORMATS:
        raise UsageError(f'unknown format "{drawn_as}"', hint=f"choose one of {', '.join(_FORMATS)}")
    directory = parse_cache_dir(cache_dir)
    loaded = load_one(choose_pipeline(pipeline, overrides, config_object, config_dir, config_name))
    policy = TargetPolicy(is_enforced=not loaded.is_python)
    with Store(directory, create=False) if is_persistent else contextlib.nullcontext() as store:
        report = api.plan(loaded.config, pipeline=loaded.name, store=store, policy=policy)
    _draw(report, drawn_as, has_status=is_persistent)


def _draw(report: RunReport, drawn_as: str, *, has_status: bool) -> None:
    from hydra_cached.render.drawing import to_dot, to_mermaid
    from hydra_cached.render.stdout import write_data

    if drawn_as == "tree":
        from hydra_cached.render.tree import write_tree

        write_tree(report, has_status=has_status)
    elif drawn_as == "mermaid":
        write_data(to_mermaid(report, has_status=has_status))
    elif drawn_as == "dot":
        write_data(to_dot(report, has_status=has_status))
    else:
        from hydra_cached.render.graphviz import to_svg

        write_data(to_svg(to_dot(report, has_status=has_status)))
