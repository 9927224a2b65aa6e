"""Carries out what the command `run` is asked for: loads, runs or plans, reports. Declares no option.

With -m that is `multirun.py`'s; what both need is here.
"""

from __future__ import annotations

import contextlib
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, BinaryIO

from hydra_cached.cli.collector import collect_as_usual
from hydra_cached.cli.exits import DONE, INTERRUPTED, NODE_FAILED, WORK_PENDING, WRONG_USAGE, print_own_error
from hydra_cached.cli.forks import code_of_exit, ending_forks
from hydra_cached.cli.interrupts import mark_told
from hydra_cached.cli.options import (
    parse_cache_dir,
    parse_jobs,
    parse_level,
    parse_milliseconds,
    parse_percent,
    parse_seconds,
)
from hydra_cached.cli.streams import claim_stdout
from hydra_cached.config import Choice
from hydra_cached.errors import NodeFailedError, UsageError

if TYPE_CHECKING:
    from collections.abc import Iterable
    from contextlib import AbstractContextManager

    from hydra_cached.api import RunOptions
    from hydra_cached.execution.report import NodeReport, RunReport
    from hydra_cached.store import Store
    from hydra_cached.targets import TargetPolicy


@dataclass(frozen=True, slots=True)
class Request:
    """What the command line asks for."""

    choice: Choice
    is_persistent: bool
    cache_dir: str
    is_durable: bool
    is_verbose: bool
    is_displaying: bool
    is_multirun: bool
    is_dry_run: bool
    has_exit_code: bool
    jobs: str
    executor: str | None
    cluster: str | None
    is_shipping_code: bool
    is_keeping_going: bool
    force: tuple[str, ...]
    only: str | None
    exclude: tuple[str, ...]
    min_persist_ms: str
    verify_reuse: str | None
    lock_timeout: str
    allow: tuple[str, ...]
    log_level: str
    is_print: bool
    is_pdb: bool
    is_json: bool


def execute(request: Request) -> int:
    """Do what is asked for. Returns the exit code.

    Raises:
        UsageError: an option, the pipeline or the cache directory cannot be used.
    """
    from hydra_cached.execution.report import RunInterrupted
    from hydra_cached.render.document import dump_json, failure_document
    from hydra_cached.render.stdout import write_data

    stdout = claim_stdout() if request.is_json or request.is_print else None
    if request.is_multirun:
        from hydra_cached.cli.multirun import execute_multirun

        return execute_multirun(request, stdout)
    report: RunReport | None = None
    try:
        with ending_forks(lambda: DONE if report is None else _exit_code_of_fork(report)):
            try:
                report = _run(request)
            except RunInterrupted as exc:
                report = exc.report
    except UsageError as exc:
        if request.is_json:
            write_data(dump_json(failure_document(request.choice.name, exc)), stdout)
        raise
    mark_told()
    return _report(request, report, stdout)


def _report(request: Request, report: RunReport, stdout: BinaryIO | None) -> int:
    """Say what a run came to, and give its data. Returns the exit code."""
    from hydra_cached.render.document import dump_json, report_document
    from hydra_cached.render.stdout import write_data

    warn_of_unmatched(request, report.nodes)
    if request.is_dry_run:
        return _report_plan(request, report, stdout)
    _print_outcome(report)
    if request.is_json:
        write_data(dump_json(report_document(report)), stdout)
    elif request.is_print and report.is_ok and not print_result(report.value, stdout):
        return NODE_FAILED
    if request.is_pdb and isinstance(report.error, NodeFailedError):
        debug(report.error)
    return exit_code(report)


def print_result(value: Any, stdout: BinaryIO | None) -> bool:
    """Print the result of a run on stdout. False where it cannot even say what it is."""
    from hydra_cached.render.document import describe_exception
    from hydra_cached.render.stdout import write_data

    try:
        text = str(value)
    except Exception as exc:
        from hydra_cached.render.console import print_error

        print_error(
            f"the result cannot be printed: {type(exc).__name__}: {describe_exception(exc)}",
            f"mend the __str__ of {type(value).__qualname__}, or leave out --print",
        )
        return False
    write_data(f"{text}\n", stdout)
    return True


def _report_plan(request: Request, report: RunReport, stdout: BinaryIO | None) -> int:
    """Show a plan on stderr, or as JSON. Returns the exit code."""
    from hydra_cached.render.document import dump_json, report_document
    from hydra_cached.render.stdout import write_data

    if request.is_json:
        write_data(dump_json(report_document(report)), stdout)
    else:
        from hydra_cached.render.tree import print_plan

        print_plan(report)
    is_pending = report.summary.would_run + report.summary.unknown > 0
    return WORK_PENDING if request.has_exit_code and is_pending else DONE


def _run(request: Request) -> RunReport:
    """Load, prepare, run.

    Raises:
        UsageError: an option, the pipeline or the cache directory cannot be used.
    """
    from hydra_cached import api
    from hydra_cached.cli.loading import load_one
    from hydra_cached.render.log import show_events

    begin(request)
    options = read_options(request)
    parse_cache_dir(request.cache_dir)
    collect_as_usual()
    loaded = load_one(request.choice)
    display_config(request, loaded.config)
    policy = choose_policy(request, is_python=loaded.is_python)
    if request.is_dry_run:
        with open_store(request) as store:
            return api.plan(loaded.config, pipeline=loaded.name, store=store, options=options, policy=policy)
    with (
        open_store(request) as store,
        show_events(is_verbose=request.is_verbose, is_live=not request.is_json) as listener,
    ):
        return api.run(
            loaded.config,
            pipeline=loaded.name,
            store=store,
            options=options,
            policy=policy,
            listener=listener,
            overrides=request.choice.overrides,
        )


def open_store(request: Request) -> AbstractContextManager[Store | None]:
    """Where results are looked up and kept; None without -p. A dry run makes no directory.

    Raises:
        UsageError: the cache directory cannot be used.
    """
    from hydra_cached.store import Store

    if not request.is_persistent:
        return contextlib.nullcontext()
    cache_dir = parse_cache_dir(request.cache_dir)
    return Store(cache_dir, create=False) if request.is_dry_run else Store(cache_dir, durable=request.is_durable)


def begin(request: Request) -> None:
    """Set up logging.

    Raises:
        UsageError: options exclude each other, or there is no such level.
    """
    from hydra_cached.render.log import configure_logging

    if request.is_json and request.is_print:
        raise UsageError("--json and --print exclude each other", hint='with --json the result is under "result"')
    if request.is_dry_run and request.is_print:
        raise UsageError("--dry-run and --print exclude each other", hint="a dry run has no result")
    if request.has_exit_code and not request.is_dry_run:
        raise UsageError("--exit-code is for --dry-run", hint="add -n, or leave it out")
    configure_logging(parse_level(request.log_level))


def read_options(request: Request) -> RunOptions:
    """Options of a run.

    Raises:
        UsageError: one of them has no such value.
    """
    from hydra_cached.api import RunOptions
    from hydra_cached.config.importing import make_cwd_importable
    from hydra_cached.targets import resolve_exclusions

    # targets may be named that lie there
    make_cwd_importable()
    return RunOptions(
        exclude=resolve_exclusions(request.exclude),
        min_persist_ms=parse_milliseconds(request.min_persist_ms),
        force=request.force,
        only=request.only,
        verify_percent=parse_percent(request.verify_reuse),
        jobs=parse_jobs(request.jobs),
        executor=request.executor,
        cluster=request.cluster,
        is_shipping_code=request.is_shipping_code,
        is_keeping_going=request.is_keeping_going,
        lock_timeout_s=parse_seconds(request.lock_timeout),
    )


def choose_policy(request: Request, *, is_python: bool) -> TargetPolicy:
    """Which targets may be called. A Python module is the user's own code, but what is asked for is done."""
    from hydra_cached.targets import TargetPolicy

    return TargetPolicy(request.allow, is_enforced=bool(request.allow) or not is_python)


def display_config(request: Request, config: Any, label: str = "") -> None:
    """Log a config where that is asked for."""
    if request.is_displaying:
        from hydra_cached.render.log import log_config
        from hydra_cached.render.yaml import config_to_yaml

        log_config(config_to_yaml(config), label)


def _print_outcome(report: RunReport) -> None:
    from hydra_cached.render.log import log_closing
    from hydra_cached.render.report import closing_line

    if isinstance(report.error, NodeFailedError):
        # rich costs 50 ms to import: only for a failure
        from hydra_cached.render.failure import print_failure

        print_failure(report.error)
    elif report.error is not None:
        print_own_error(report.error)
    log_closing(closing_line(report))


def warn_of_unmatched(request: Request, nodes: Iterable[NodeReport]) -> None:
    """Say which globs of -e match no target."""
    from hydra_cached.render.log import log_warning
    from hydra_cached.targets.exclusions import unmatched_globs

    for glob in unmatched_globs(request.exclude, [node.target for node in nodes]):
        log_warning(f"-e {glob} matches no target of the pipeline")


def _exit_code_of_fork(report: RunReport) -> int:
    cause = None if report.error is None else report.error.__cause__
    return code_of_exit(cause) if isinstance(cause, SystemExit) else exit_code(report)


def exit_code(report: RunReport) -> int:
    """Exit code of one run."""
    if report.is_ok:
        return DONE
    if report.error is None:
        return INTERRUPTED
    return WRONG_USAGE if isinstance(report.error, UsageError) else NODE_FAILED


def debug(error: NodeFailedError) -> None:
    """Open the debugger where the user's own code raised."""
    from hydra_cached.render.console import print_talk
    from hydra_cached.render.failure import first_user_frame

    traceback = first_user_frame(error)
    if traceback is None:
        print_talk("no debugger: the exception was not raised in Python code of yours")
        return
    import pdb

    pdb.post_mortem(traceback)
