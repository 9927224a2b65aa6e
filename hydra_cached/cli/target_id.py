"""The command `target-id`."""

from __future__ import annotations

from typing import Annotated

import typer


def print_target_ids(
    names: Annotated[
        list[str],
        typer.Argument(metavar="NAME", help="Dotted names of functions, classes or methods.", show_default=False),
    ],
) -> None:
    """Print the one id under which a callable is known to -e and to the store, for each NAME on a line.

    os.path.join is posixpath.join, for example, because that is where it is defined.
    """
    from hydra_cached.config.importing import make_cwd_importable
    from hydra_cached.render.stdout import write_data
    from hydra_cached.targets import target_id

    make_cwd_importable()
    write_data("".join([f"{target_id(name)}\n" for name in names]))
