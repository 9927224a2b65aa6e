"""The commands: options and exit codes, nothing else. The only room that ends the process."""

from __future__ import annotations

import sys


def main() -> None:
    """The command `hydra-cached`."""
    sys.exit(_run("hydra-cached"))


def instantiate_main() -> None:
    """The command `instantiate`, which is `hydra-cached run`."""
    sys.exit(_run("instantiate"))


def _run(program: str) -> int:
    from hydra_cached.cli.interrupts import command_of, interrupt_on_sigterm, report_interrupt

    # both before anything that takes its time to import
    interrupt_on_sigterm()
    try:
        from hydra_cached.cli.collector import collect_rarely

        collect_rarely()
        from hydra_cached.cli.streams import secure_streams

        secure_streams()
        from hydra_cached.config.importing import refuse_stale_bytecode

        refuse_stale_bytecode()
        from hydra_cached.cli.app import make_app
        from hydra_cached.cli.exits import run_app

        return run_app(make_app(program, sys.argv[1:]), program, sys.argv[1:])
    except KeyboardInterrupt:
        report_interrupt(sys.argv[1:], is_run=command_of(program, sys.argv[1:]) == "run")
        return 130
