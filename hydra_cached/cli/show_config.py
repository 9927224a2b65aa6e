"""The command `show-config`."""

from __future__ import annotations

from typing import Annotated

import typer

from hydra_cached.cli.options import (
    ConfigDirOption,
    ConfigNameOption,
    ObjectOption,
    OverridesArgument,
    PipelineArgument,
    choose_pipeline,
)


def show_config(
    pipeline: PipelineArgument = None,
    overrides: OverridesArgument = None,
    config_object: ObjectOption = None,
    config_dir: ConfigDirOption = None,
    config_name: ConfigNameOption = None,
    is_resolving: Annotated[
        bool, typer.Option("--resolve", help="Follow interpolations; references to a node become YAML aliases.")
    ] = False,
) -> None:
    """Print the config of a pipeline as YAML. Nothing is run.

    A node that is used at several places is written once, with an anchor named after its shortest path.
    """
    from hydra_cached.cli.loading import load_one
    from hydra_cached.render.console import print_yaml
    from hydra_cached.render.yaml import config_to_yaml

    loaded = load_one(choose_pipeline(pipeline, overrides, config_object, config_dir, config_name))
    print_yaml(config_to_yaml(loaded.config, resolve=is_resolving))
