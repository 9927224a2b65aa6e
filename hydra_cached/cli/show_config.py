"""The command `show-config`."""

from __future__ import annotations

from typing import Annotated

import typer

from hydra_cached.cli.options import ObjectOption, OverridesArgument, PipelineArgument


def show_config(
    pipeline: PipelineArgument,
    overrides: OverridesArgument = None,
    config_object: ObjectOption = None,
    is_resolving: Annotated[
        bool, typer.Option("--resolve", help="Follow interpolations; references to a node become YAML aliases.")
    ] = False,
) -> None:
    """Print the config of a pipeline as YAML. Nothing is run.

    A node that is used at several places is written once, with an anchor named after its shortest path.
    """
    from hydra_cached.config import load_pipeline
    from hydra_cached.render.console import print_yaml
    from hydra_cached.render.yaml import config_to_yaml

    loaded = load_pipeline(pipeline, object_name=config_object, overrides=overrides or ())
    print_yaml(config_to_yaml(loaded.config, resolve=is_resolving))
