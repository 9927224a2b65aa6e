"""Runs several configs of a pipeline as one graph, in which what they have in common is one node."""

from __future__ import annotations

import copy
import time
from collections.abc import Sequence
from dataclasses import dataclass, fields, replace
from typing import Any, TypeAlias

from hydra_cached.api.remembering import write_down
from hydra_cached.api.wiring import RunOptions, Wired, assemble, new_run_id, wire
from hydra_cached.errors import HydraCachedError, NodeFailedError, TargetError, UsageError
from hydra_cached.events import Listener, RunStarted, ignore
from hydra_cached.execution.cache import StoreCache
from hydra_cached.execution.executors import open_dispatcher
from hydra_cached.execution.interrupts import watch_interrupts
from hydra_cached.execution.parting import Share, share_out
from hydra_cached.execution.report import NodeReport, RunReport, Summary, SweepInterrupted, SweepReport
from hydra_cached.execution.reporting import report_nodes, report_planned_nodes, summarize
from hydra_cached.execution.scheduler import Scheduler
from hydra_cached.execution.worker import name_of
from hydra_cached.graph import JoinedGraph, Joiner, Part
from hydra_cached.graph.calls import check_calls
from hydra_cached.graph.hydra_errors import as_config_error
from hydra_cached.planning import draw_up, find_node
from hydra_cached.store import Store
from hydra_cached.targets import UNCHECKED, TargetPolicy

_Error: TypeAlias = NodeFailedError | TargetError


@dataclass(frozen=True, slots=True)
class _Result:
    """What one config came to; neither a value nor an error where it was interrupted."""

    is_ok: bool
    value: Any = None
    error: _Error | None = None


def sweep(
    configs: Sequence[Any],
    *,
    pipeline: str = "",
    labels: Sequence[str] = (),
    store: Store | None = None,
    options: RunOptions | None = None,
    policy: TargetPolicy = UNCHECKED,
    listener: Listener = ignore,
    overrides: Sequence[Sequence[str]] = (),
) -> SweepReport:
    """Run several configs, and make every distinct call of all of them once.

    Each config gets its own objects, as if it were run alone. A config of which a node fails does not keep the others
    from being finished. Other arguments as for `run`.

    Args:
        configs: in the order in which they are to be run.
        labels: what tells each of them apart, for messages and the report.
        overrides: what was changed in each of them, for the history.

    Raises:
        UsageError: one of the configs, a target or the store cannot be used; nothing has run then.
        SweepInterrupted: Ctrl-C; its ``report`` tells what was finished.

    >>> report = sweep([{"_target_": "builtins.max", "_args_": [1, n]} for n in (0, 2, 2)])
    >>> [run.value for run in report.runs], report.unique_nodes
    ([1, 2, 2], 2)
    """
    started, began_s = time.perf_counter(), time.time()
    run_id, labels, options = new_run_id(), _complete(labels, configs), options or RunOptions()
    with open_dispatcher(options.workplace) as dispatcher:
        joined = _join(configs, labels, policy)
        cache = None if store is None else StoreCache(store)
        wired = wire(joined.graph, cache, replace(options, only=None))
        joined = _narrow(joined, wired, options.only, labels)
        wired, options = replace(wired, graph=joined.graph), replace(options, is_keeping_going=True)
        scheduler = assemble(wired, cache, options, listener, dispatcher)
        listener(RunStarted(run_id, pipeline, len(joined.graph.nodes), options.jobs, len(configs)))
        results, is_interrupted = _run(scheduler, joined.parts)
    report = _report(scheduler, joined, results, pipeline, run_id, labels, started)
    if store is not None:
        for number, run in enumerate(report.runs):
            # a list of runs is in the order of time
            moment_s = began_s + number * 1e-6
            write_down(store, run, overrides[number] if overrides else (), moment_s, listener)
    if is_interrupted:
        raise SweepInterrupted(report)
    return report


def plan_sweep(
    configs: Sequence[Any],
    *,
    pipeline: str = "",
    labels: Sequence[str] = (),
    store: Store | None = None,
    options: RunOptions | None = None,
    policy: TargetPolicy = UNCHECKED,
) -> SweepReport:
    """What `sweep` would do, without running or writing anything. Arguments as for `sweep`.

    Raises:
        UsageError: one of the configs, a target or the store cannot be used.
    """
    started = time.perf_counter()
    labels, options = _complete(labels, configs), options or RunOptions()
    joined = _join(configs, labels, policy)
    wired = wire(joined.graph, None if store is None else StoreCache(store), replace(options, only=None))
    joined = _narrow(joined, wired, options.only, labels)
    nodes = report_planned_nodes(joined.graph, draw_up(joined.graph, wired.context, wired.policy))
    run_id = new_run_id()
    runs = []
    for number, share in enumerate(share_out(joined, nodes)):
        saved = sum(node.seconds for node in share.nodes if node.status in ("hit", "cutoff"))
        summary = summarize(share.nodes, 0.0, saved)
        runs.append(RunReport(pipeline, _number(run_id, number, labels), True, None, None, share.nodes, summary, True))
    return _put_together(pipeline, run_id, runs, labels, len(nodes), started)


def _complete(labels: Sequence[str], configs: Sequence[Any]) -> tuple[str, ...]:
    return tuple(labels) if labels else ("",) * len(configs)


def _join(configs: Sequence[Any], labels: Sequence[str], policy: TargetPolicy) -> JoinedGraph:
    joiner = Joiner(policy)
    for number, (config, label) in enumerate(zip(configs, labels, strict=True)):
        try:
            joiner.add(config)
        except UsageError as exc:
            exc.message = f"{_name(number, label)}: {exc.message}"
            raise
        except HydraCachedError:
            raise
        except Exception as exc:
            error = as_config_error(exc)
            error.message = f"{_name(number, label)}: {error.message}"
            raise error from exc
    joined = joiner.join()
    check_calls(joined.graph)
    _scope_nodes(joined, labels)
    return joined


def _scope_nodes(joined: JoinedGraph, labels: Sequence[str]) -> None:
    """Let messages say of which config a node is, unless it is in all of them."""
    users: dict[int, list[int]] = {}
    for number, part in enumerate(joined.parts):
        for index in part.paths:
            users.setdefault(index, []).append(number)
    for index, numbers in users.items():
        if len(numbers) < len(labels):
            scope = labels[numbers[0]] or _name(numbers[0], "")
            joined.graph.nodes[index].scope = f"{scope} and {len(numbers) - 1} more" if len(numbers) > 1 else scope


def _narrow(joined: JoinedGraph, wired: Wired, only: str | None, labels: Sequence[str]) -> JoinedGraph:
    if only is None:
        return joined
    named = find_node(joined.graph, wired.keys, only).index
    chosen = []
    for number, part in enumerate(joined.parts):
        at_path = (index for index, paths in part.paths.items() if only in paths)
        index = next(at_path, named)
        if index not in part.paths:
            raise UsageError(
                f'no node "{only}" in {_name(number, labels[number])}', hint="--only names a node that every config has"
            )
        chosen.append(index)
    return joined.narrow(chosen)


def _name(number: int, label: str) -> str:
    return f'config "{label}"' if label else f"config {number}"


def _run(scheduler: Scheduler, parts: Sequence[Part]) -> tuple[list[_Result], bool]:
    """Settle all nodes, and fetch the value of each config. Returns whether that was interrupted, too."""
    results: list[_Result] = []
    try:
        with watch_interrupts() as scheduler.state.interrupts:
            scheduler.settle()
            results.extend(_fetch(scheduler, part) for part in parts)
    except KeyboardInterrupt:
        return [*results, *[_Result(False)] * (len(parts) - len(results))], True
    return results, False


def _fetch(scheduler: Scheduler, part: Part) -> _Result:
    error = _find_failure(scheduler, part)
    if error is not None:
        return _Result(False, None, error)
    try:
        return _Result(True, scheduler.value(part.root, part.roots()))
    except (NodeFailedError, TargetError) as exc:
        # it was made once more, for a config that came after the first one with it
        return _Result(False, None, exc)


def _find_failure(scheduler: Scheduler, part: Part) -> _Error | None:
    """The first failure that kept the result of a config from being made."""
    settled, graph = scheduler.state.settled, scheduler.graph
    waiting = [graph.node_of(place).index for place in part.roots()]
    seen: set[int] = set()
    failed: set[int] = set()
    while waiting:
        index = waiting.pop()
        known = settled.get(index)
        if index in seen or (known is not None and known.status != "failed"):
            continue
        seen.add(index)
        if known is None:
            waiting.extend(graph.nodes[index].children)
        elif known.error is not None:
            failed.add(index)
    if not failed:
        return None
    index = min(failed)
    error = settled[index].error
    assert error is not None, "only failures were collected"
    return _move(error, part.paths[index][0])


def _move(error: _Error, path: str) -> _Error:
    """The error as it is told of a config in which the node has another path."""
    if error.path == path:
        return error
    moved = copy.copy(error)
    moved.path, moved.__cause__ = path, error.__cause__
    moved.message = error.message.replace(name_of(error.path), name_of(path), 1)
    if not error.path:
        moved.message = moved.message.replace("the root", path, 1)
    return moved


def _report(
    scheduler: Scheduler,
    joined: JoinedGraph,
    results: Sequence[_Result],
    pipeline: str,
    run_id: str,
    labels: Sequence[str],
    started: float,
) -> SweepReport:
    nodes = report_nodes(joined.graph, scheduler.state.settled, scheduler.known_recipe)
    runs = []
    for number, (share, result) in enumerate(zip(share_out(joined, nodes), results, strict=True)):
        seconds = sum(nodes[index].seconds for index in share.own if nodes[index].status in ("ran", "failed"))
        summary = summarize(share.nodes, seconds, _count_saved(scheduler, share, nodes))
        numbered = _number(run_id, number, labels)
        runs.append(RunReport(pipeline, numbered, result.is_ok, result.value, result.error, share.nodes, summary))
    return _put_together(pipeline, run_id, runs, labels, len(nodes), started)


def _count_saved(scheduler: Scheduler, share: Share, nodes: Sequence[NodeReport]) -> float:
    """Seconds that a config did not take because of what was stored, or was made for another config."""
    reused = {index for index in share.needed if nodes[index].status in ("hit", "cutoff")}
    lent = sum(nodes[index].seconds for index in share.lent if nodes[index].status == "ran")
    return sum(scheduler.state.committer.savings.by_node(reused).values()) + lent


def _number(run_id: str, number: int, labels: Sequence[str]) -> str:
    return f"{run_id}.{number:0{len(str(len(labels) - 1))}}"


def _put_together(
    pipeline: str, run_id: str, runs: Sequence[RunReport], labels: Sequence[str], unique_nodes: int, started: float
) -> SweepReport:
    totals = {field.name: sum(getattr(run.summary, field.name) for run in runs) for field in fields(Summary)}
    summary = replace(Summary(**totals), seconds=time.perf_counter() - started)
    return SweepReport(pipeline, run_id, tuple(runs), tuple(labels), summary, unique_nodes)
