"""The command `run`, which is also the command `instantiate`."""

from __future__ import annotations

import contextlib
from dataclasses import dataclass
from typing import TYPE_CHECKING, Annotated, BinaryIO

import typer

from hydra_cached.cli.exits import DONE, INTERRUPTED, NODE_FAILED, WRONG_USAGE, print_own_error
from hydra_cached.cli.forks import code_of_exit, ending_forks
from hydra_cached.cli.interrupts import mark_told
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
    parse_level,
    parse_milliseconds,
)
from hydra_cached.cli.streams import claim_stdout
from hydra_cached.config import Choice
from hydra_cached.errors import NodeFailedError, UsageError

if TYPE_CHECKING:
    from hydra_cached.execution.report import RunReport


@dataclass(frozen=True, slots=True)
class _Request:
    """What the command line asks for."""

    choice: Choice
    is_persistent: bool
    cache_dir: str
    is_verbose: bool
    is_displaying: bool
    exclude: tuple[str, ...]
    allow: tuple[str, ...]
    log_level: str
    min_persist_ms: str
    is_print: bool
    is_pdb: bool
    is_json: bool


def run(
    pipeline: PipelineArgument = None,
    overrides: OverridesArgument = None,
    config_object: ObjectOption = None,
    config_dir: ConfigDirOption = None,
    config_name: ConfigNameOption = None,
    is_persistent: Annotated[
        bool, typer.Option("-p", "--persist-cache", help="Load results from the cache directory, and store new ones.")
    ] = False,
    cache_dir: CacheDirOption = DEFAULT_CACHE_DIR,
    is_verbose: Annotated[bool, typer.Option("-v", "--cache-verbose", help="Log every look-up in the store.")] = False,
    is_displaying: Annotated[
        bool, typer.Option("-d", "--display-config", help="Log the config as YAML before it is run.")
    ] = False,
    exclude: Annotated[
        list[str] | None,
        typer.Option(
            "-e",
            "--exclude-persisting-targets",
            metavar="LIST",
            help="Neither load nor store results of these targets: names or globs, with commas; may be repeated.",
            show_default=False,
        ),
    ] = None,
    allow: Annotated[
        list[str] | None,
        typer.Option(
            "--allow",
            metavar="GLOB",
            help="Call only targets of these ids or globs, as in 'mypkg.*'; may be repeated.  "
            "[default: from YAML, what neither runs code nor destroys data; from Python, anything]",
            show_default=False,
        ),
    ] = None,
    log_level: Annotated[
        str,
        typer.Option(
            "-l", "--log-level", metavar="LEVEL", help="Least level to log: DEBUG, INFO, WARNING, ERROR, CRITICAL."
        ),
    ] = "INFO",
    min_persist: Annotated[
        str,
        typer.Option(
            "-t", "--time-min-persist", metavar="MS", help="Store only results that took so many milliseconds."
        ),
    ] = "0",
    is_print: Annotated[bool, typer.Option("--print", help="Print the result on stdout.")] = False,
    is_pdb: Annotated[bool, typer.Option("--pdb", help="Open the debugger where your own code raised.")] = False,
    is_json: Annotated[
        bool, typer.Option("--json", help="Print one JSON document on stdout: result, nodes, summary.")
    ] = False,
) -> None:
    """Run a pipeline: make every distinct call of its config once, and with -p only those that changed.

    Logs go to stderr. Stdout is left to your own code; with --json or --print it has the data alone.
    """
    request = _Request(
        choose_pipeline(pipeline, overrides, config_object, config_dir, config_name),
        is_persistent, cache_dir, is_verbose, is_displaying,
        tuple(exclude or ()), tuple(allow or ()), log_level, min_persist, is_print, is_pdb, is_json,
    )  # fmt: skip
    raise typer.Exit(_execute(request))


def _execute(request: _Request) -> int:
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


def _report(request: _Request, report: RunReport, stdout: BinaryIO | None) -> int:
    """Say what a run came to, and give its data. Returns the exit code."""
    from hydra_cached.render.document import describe_exception, dump_json, report_document
    from hydra_cached.render.stdout import write_data

    _warn_of_unmatched(request, report)
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


def _run(request: _Request) -> RunReport:
    """Load, prepare, run.

    Raises:
        UsageError: an option, the pipeline or the cache directory cannot be used.
    """
    from hydra_cached import api
    from hydra_cached.config import load_choice
    from hydra_cached.render.log import EventLog, configure_logging, log_config
    from hydra_cached.store import Store
    from hydra_cached.targets import TargetPolicy, resolve_exclusions

    if request.is_json and request.is_print:
        raise UsageError("--json and --print exclude each other", hint='with --json the result is under "result"')
    configure_logging(parse_level(request.log_level))
    min_persist_ms = parse_milliseconds(request.min_persist_ms)
    cache_dir = parse_cache_dir(request.cache_dir)
    loaded = load_choice(request.choice)
    if request.is_displaying:
        from hydra_cached.render.yaml import config_to_yaml

        log_config(config_to_yaml(loaded.config))
    # a Python module is the user's own code, but what is asked for is done
    policy = TargetPolicy(request.allow, is_enforced=bool(request.allow) or not loaded.is_python)
    options = api.RunOptions(exclude=resolve_exclusions(request.exclude), min_persist_ms=min_persist_ms)
    with Store(cache_dir) if request.is_persistent else contextlib.nullcontext() as store:
        return api.run(
            loaded.config,
            pipeline=loaded.name,
            store=store,
            options=options,
            policy=policy,
            listener=EventLog(is_verbose=request.is_verbose),
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


def _warn_of_unmatched(request: _Request, report: RunReport) -> None:
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
