"""The commands: options and exit codes, nothing else. The only room that ends the process."""

from __future__ import annotations

import sys


def main() -> None:
    """The command `hydra-cached`."""
    from hydra_cached.cli.app import app
    from hydra_cached.cli.exits import run_app

    sys.exit(run_app(app, "hydra-cached"))


def instantiate_main() -> None:
    """The command `instantiate`, which is `hydra-cached run`."""
    from hydra_cached.cli.app import instantiate_app
    from hydra_cached.cli.exits import run_app

    sys.exit(run_app(instantiate_app, "instantiate"))
