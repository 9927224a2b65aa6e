"""The command `cache accept`."""

from __future__ import annotations

import getpass
import platform
from typing import Annotated

import typer

from hydra_cached.cli.options import DEFAULT_CACHE_DIR, CacheDirOption, ObjectOption, PipelineArgument, parse_cache_dir
from hydra_cached.errors import UsageError


def accept(
    pipeline: PipelineArgument = None,
    path: Annotated[
        str | None,
        typer.Argument(metavar="PATH", help="Only the node at this config path, and what is below it."),
    ] = None,
    config_object: ObjectOption = None,
    cache_dir: CacheDirOption = DEFAULT_CACHE_DIR,
    is_dry_run: Annotated[bool, typer.Option("--dry-run", help="Only show what would be accepted.")] = False,
) -> None:
    """Declare that an edit changed no result: stored results that differ in code alone count for the present code.

    Each accepted entry notes who accepted it, when, and in the place of which.
    """
    from hydra_cached import api
    from hydra_cached.cli.loading import load_one
    from hydra_cached.config import Choice
    from hydra_cached.render.stdout import write_data
    from hydra_cached.store import Store
    from hydra_cached.targets import TargetPolicy

    if pipeline is None:
        raise UsageError("which pipeline?", hint="hydra-cached cache accept PIPELINE [PATH]")
    loaded = load_one(Choice(pipeline, object_name=config_object))
    policy = TargetPolicy(is_enforced=not loaded.is_python)
    who = f"{getpass.getuser()}@{platform.node()}"
    with Store(parse_cache_dir(cache_dir), create=False) as store:
        found = api.accept(loaded.config, path, store=store, who=who, policy=policy, is_dry_run=is_dry_run)
    did = "would accept" if is_dry_run else "accepted"
    lines = [f"{did} {each.path or '(root)'} ({each.target}): {each.key[:12]}" for each in found.accepted]
    lines += [f"not {each.path or '(root)'} ({each.target}): {each.why}" for each in found.refused]
    write_data("".join(f"{line}\n" for line in lines) or "nothing to accept: every stored result counts already\n")
