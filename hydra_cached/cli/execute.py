"""Carries out what the command `run` is asked for: loads, runs or plans, reports. Declares no option."""

from __future__ import annotations

import contextlib
from dataclasses import dataclass
from typing import TYPE_CHECKING, BinaryIO

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
    from hydra_cached.execution.report import RunReport


@dataclass(frozen=True, slots=True)
class Request:
    """What the command line asks for."""

    choice: Choice
    is_persistent: bool
    cache_dir: str
    is_verbose: bool
    is_displaying: bool
    is_dry_run: bool
    has_exit_code: bool
    jobs: str
    executor: str | None
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
    from hydra_cached.execution.report import RunInterrupted
    from hydra_cached.render.document import dump_json, failure_document
    from hydra_cached.render.stdout import write_data

    stdout = claim_stdout() if request.is_json or request.is_print else None
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
    from hydra_cached.render.document import describe_exception, dump_json, report_document
    from hydra_cached.render.stdout import write_data

    _warn_of_unmatched(request, report)
    if request.is_dry_run:
        return _report_plan(request, report, stdout)
    _print_outcome(report)
    if request.is_json:
        write_data(dump_json(report_document(report)), stdout)
    elif request.is_print and report.is_ok:
        try:
            text = str(report.value)
        except Exception as exc:
            from hydra_cached.render.console import print_error

            print_error(
                f"the result cannot be printed: {type(exc).__name__}: {describe_exception(exc)}",
                f"mend the __str__ of {type(report.value).__qualname__}, or leave out --print",
            )
            return NODE_FAILED
        write_data(f"{text}\n", stdout)
    if request.is_pdb and isinstance(report.error, NodeFailedError):
        _debug(report.error)
    return _exit_code(report)


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
    from hydra_cached.config import load_choice
    from hydra_cached.render.log import configure_logging, log_config, show_events
    from hydra_cached.store import Store
    from hydra_cached.targets import TargetPolicy, resolve_exclusions

    if request.is_json and request.is_print:
        raise UsageError("--json and --print exclude each other", hint='with --json the result is under "result"')
    if request.is_dry_run and request.is_print:
        raise UsageError("--dry-run and --print exclude each other", hint="a dry run has no result")
    if request.has_exit_code and not request.is_dry_run:
        raise UsageError("--exit-code is for --dry-run", hint="add -n, or leave it out")
    configure_logging(parse_level(request.log_level))
    min_persist_ms = parse_milliseconds(request.min_persist_ms)
    cache_dir = parse_cache_dir(request.cache_dir)
    loaded = load_choice(request.choice)
    if request.is_displaying:
        from hydra_cached.render.yaml import config_to_yaml

        log_config(config_to_yaml(loaded.config))
    # a Python module is the user's own code, but what is asked for is done
    policy = TargetPolicy(request.allow, is_enforced=bool(request.allow) or not loaded.is_python)
    options = api.RunOptions(
        exclude=resolve_exclusions(request.exclude),
        min_persist_ms=min_persist_ms,
        force=request.force,
        only=request.only,
        verify_percent=parse_percent(request.verify_reuse),
        jobs=parse_jobs(request.jobs),
        executor=request.executor,
        is_keeping_going=request.is_keeping_going,
        lock_timeout_s=parse_seconds(request.lock_timeout),
    )
    if request.is_dry_run:
        with Store(cache_dir, create=False) if request.is_persistent else contextlib.nullcontext() as store:
            return api.plan(loaded.config, pipeline=loaded.name, store=store, options=options, policy=policy)
    with (
        Store(cache_dir) if request.is_persistent else contextlib.nullcontext() as store,
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


def _warn_of_unmatched(request: Request, report: RunReport) -> None:
    from hydra_cached.render.log import log_warning
    from hydra_cached.targets.exclusions import unmatched_globs

    for glob in unmatched_globs(request.exclude, [node.target for node in report.nodes]):
        log_warning(f"-e {glob} matches no target of the pipeline")


def _exit_code_of_fork(report: RunReport) -> int:
    cause = None if report.error is None else report.error.__cause__
    return code_of_exit(cause) if isinstance(cause, SystemExit) else _exit_code(report)


def _exit_code(report: RunReport) -> int:
    if report.is_ok:
        return DONE
    if report.error is None:
        return INTERRUPTED
    return WRONG_USAGE if isinstance(report.error, UsageError) else NODE_FAILED


def _debug(error: NodeFailedError) -> None:
    from hydra_cached.render.console import print_talk
    from hydra_cached.render.failure import first_user_frame

    traceback = first_user_frame(error)
    if traceback is None:
        print_talk("no debugger: the exception was not raised in Python code of yours")
        return
    import pdb

    pdb.post_mortem(traceback)
