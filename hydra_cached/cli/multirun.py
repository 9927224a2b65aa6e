"""Carries out `run -m`: expands a sweep, runs or plans all its configs as one, reports. Declares no option."""

from __future__ import annotations

from typing import TYPE_CHECKING, BinaryIO

from hydra_cached.cli.collector import collect_as_usual
from hydra_cached.cli.execute import (
    Request,
    begin,
    choose_policy,
    debug,
    display_config,
    exit_code,
    open_store,
    print_result,
    read_options,
    warn_of_unmatched,
)
from hydra_cached.cli.exits import DONE, NODE_FAILED, WORK_PENDING
from hydra_cached.cli.forks import ending_forks
from hydra_cached.cli.interrupts import mark_told
from hydra_cached.cli.options import parse_cache_dir
from hydra_cached.errors import NodeFailedError, UsageError

if TYPE_CHECKING:
    from hydra_cached.execution.report import SweepReport


def execute_multirun(request: Request, stdout: BinaryIO | None) -> int:
    """Do what is asked for. Returns the exit code.

    Raises:
        UsageError: an option, one of the configs or the cache directory cannot be used.
    """
    from hydra_cached.execution.report import SweepInterrupted
    from hydra_cached.render.document import dump_json, failed_sweep_document
    from hydra_cached.render.stdout import write_data

    report: SweepReport | None = None
    try:
        with ending_forks(lambda: DONE if report is None else _exit_code(report)):
            try:
                report = _sweep(request)
            except SweepInterrupted as exc:
                report = exc.report
    except UsageError as exc:
        if request.is_json:
            write_data(dump_json(failed_sweep_document(request.choice.name, exc)), stdout)
        raise
    mark_told()
    warn_of_unmatched(request, (node for run in report.runs for node in run.nodes))
    return _report_plan(request, report, stdout) if request.is_dry_run else _report(request, report, stdout)


def _sweep(request: Request) -> SweepReport:
    from hydra_cached import api
    from hydra_cached.cli.loading import load_all
    from hydra_cached.render.log import show_events

    begin(request)
    options = read_options(request)
    parse_cache_dir(request.cache_dir)
    collect_as_usual()
    loaded = load_all(request.choice)
    labels = [point.label for point in loaded.points]
    for config, label in zip(loaded.configs, labels, strict=True):
        display_config(request, config, label)
    policy = choose_policy(request, is_python=loaded.is_python)
    if request.is_dry_run:
        with open_store(request) as store:
            return api.plan_sweep(
                loaded.configs, pipeline=loaded.name, labels=labels, store=store, options=options, policy=policy
            )
    with (
        open_store(request) as store,
        show_events(is_verbose=request.is_verbose, is_live=not request.is_json) as listener,
    ):
        return api.sweep(
            loaded.configs,
            pipeline=loaded.name,
            labels=labels,
            store=store,
            options=options,
            policy=policy,
            listener=listener,
            overrides=[point.overrides for point in loaded.points],
        )


def _report(request: Request, report: SweepReport, stdout: BinaryIO | None) -> int:
    from hydra_cached.render.document import dump_json, sweep_document
    from hydra_cached.render.log import is_talking, log_closing
    from hydra_cached.render.stdout import write_data
    from hydra_cached.render.sweep import closing_line, print_failures, print_sweep

    print_failures(report)
    if is_talking():
        print_sweep(report)
    log_closing(closing_line(report))
    is_printed = True
    if request.is_json:
        write_data(dump_json(sweep_document(report)), stdout)
    elif request.is_print:
        # all of them, also those after one that cannot be printed
        is_printed = min([print_result(run.value, stdout) for run in report.runs if run.is_ok], default=True)
    error = next((run.error for run in report.runs if isinstance(run.error, NodeFailedError)), None)
    if request.is_pdb and error is not None:
        debug(error)
    return _exit_code(report) if is_printed else NODE_FAILED


def _report_plan(request: Request, report: SweepReport, stdout: BinaryIO | None) -> int:
    from hydra_cached.render.document import dump_json, sweep_document
    from hydra_cached.render.stdout import write_data

    if request.is_json:
        write_data(dump_json(sweep_document(report)), stdout)
    else:
        from hydra_cached.render.sweep import print_sweep_plan

        print_sweep_plan(report)
    is_pending = report.summary.would_run + report.summary.unknown > 0
    return WORK_PENDING if request.has_exit_code and is_pending else DONE


def _exit_code(report: SweepReport) -> int:
    """The worst of all: interrupted, wrong usage, failed, done."""
    return max(exit_code(run) for run in report.runs)
