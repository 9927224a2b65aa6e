"""The command `why`."""

from __future__ import annotations

from typing import Annotated

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


def why(
    pipeline: PipelineArgument = None,
    path: Annotated[
        str | None,
        typer.Argument(metavar="PATH", help='A node: its config path ("" is the root), or 8 digits of its key.'),
    ] = None,
    overrides: OverridesArgument = None,
    config_object: ObjectOption = None,
    config_dir: ConfigDirOption = None,
    config_name: ConfigNameOption = None,
    code: Annotated[
        str | None,
        typer.Option(
            "--code",
            metavar="TARGET",
            help="List what counts as code of a target instead, and what could not be followed.",
            show_default=False,
        ),
    ] = None,
    cache_dir: CacheDirOption = DEFAULT_CACHE_DIR,
    is_json: Annotated[bool, typer.Option("--json", help="Print a JSON document.")] = False,
) -> None:
    """Say why a node of a pipeline would run with -p, and what is different from the nearest earlier result of it.

    Nothing is run. Code is compared as text, definition by definition.
    """
    if code is not None:
        if pipeline is not None:
            raise UsageError("--code TARGET takes no pipeline", hint="hydra-cached why --code pkg.module.function")
        _list_code(code, is_json=is_json)
        return
    from hydra_cached import api
    from hydra_cached.cli.loading import load_one
    from hydra_cached.render.why import explanation_document, write_explanation
    from hydra_cached.store import Store
    from hydra_cached.targets import TargetPolicy

    if config_dir is not None:
        # all arguments but the first are overrides
        overrides, path, pipeline = [*filter(None, [path]), *(overrides or ())], pipeline, None
    if path is None:
        raise UsageError("which node? give its config path", hint='hydra-cached why PIPELINE PATH; the root is ""')
    directory = parse_cache_dir(cache_dir)
    loaded = load_one(choose_pipeline(pipeline, overrides, config_object, config_dir, config_name))
    policy = TargetPolicy(is_enforced=not loaded.is_python)
    with Store(directory, create=False) as store:
        explanation = api.explain(loaded.config, path, store=store, policy=policy)
    if is_json:
        from hydra_cached.render.document import dump_json
        from hydra_cached.render.stdout import write_data

        write_data(dump_json(explanation_document(explanation)))
    else:
        write_explanation(explanation)


def _list_code(name: str, *, is_json: bool) -> None:
    from hydra_cached.config.importing import make_cwd_importable
    from hydra_cached.fingerprint import CodeFingerprints
    from hydra_cached.targets import check_callable, locate_target, target_id

    make_cwd_importable()
    target = locate_target(name)
    check_callable(target, name)
    definitions = CodeFingerprints().collect(target)
    if is_json:
        from hydra_cached.render.closure import closure_document
        from hydra_cached.render.document import dump_json
        from hydra_cached.render.stdout import write_data

        write_data(dump_json(closure_document(definitions)))
    else:
        from hydra_cached.render.closure import write_closure

        write_closure(target_id(name), definitions)
