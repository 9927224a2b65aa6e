"""The library's face: `instantiate` as Hydra has it, and `run` with a report. The only place where rooms are wired."""

from __future__ import annotations

import secrets
import time
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Literal

from hydra_cached.errors import HydraCachedError, NodeFailedError, StoreError, TargetError
from hydra_cached.events import Event, Listener, RunStarted, Warned, ignore
from hydra_cached.execution.accept import Acceptance
from hydra_cached.execution.cache import ResultCache, StoreCache
from hydra_cached.execution.direct import run_directly
from hydra_cached.execution.dispatching import Dispatcher
from hydra_cached.execution.executors import open_dispatcher
from hydra_cached.execution.holdings import gives_same
from hydra_cached.execution.interrupts import watch_interrupts
from hydra_cached.execution.notes import CacheMemo, outputs_recaller
from hydra_cached.execution.report import RunInterrupted, RunReport
from hydra_cached.execution.reporting import report_nodes, report_plan, summarize
from hydra_cached.execution.scheduler import Scheduler
from hydra_cached.fingerprint import CodeFingerprints, FileDigests
from hydra_cached.graph import Graph, build_graph
from hydra_cached.graph.calls import check_calls
from hydra_cached.graph.hydra_errors import as_config_error, as_hydra_error
from hydra_cached.history import PastNode, PastRun, RunHead, record_run
from hydra_cached.keys import Keys
from hydra_cached.plan import (
    ConditionChecker,
    Context,
    Explanation,
    Policy,
    choose_sample,
    draw_up,
    explain_node,
    find_above,
    find_node,
    find_reachable,
    known_below,
    uncached_nodes,
)
from hydra_cached.store import FILE_MEMO, MemoryCache, Store
from hydra_cached.targets import UNCHECKED, TargetPolicy, allow_only, policy_from_whitelist


@dataclass(frozen=True, slots=True)
class RunOptions:
    """What a run may reuse and store.

    Attributes:
        exclude: canonical target ids or globs that are never looked up nor stored.
        min_persist_ms: results of calls that took less, in milliseconds, are not stored.
        force: nodes that run whatever is stored, by config path or by the first digits of their key.
        only: the one node, named likewise, whose value is wanted; None for the whole pipeline.
        verify_percent: so many of a hundred results that could be reused are computed again and compared.
        jobs: how many calls are made at once.
        executor: "inline", "processes" or "threads"; None is processes for more than one job.
        is_keeping_going: after a failure, go on with what does not depend on it.
    """

    exclude: tuple[str, ...] = ()
    min_persist_ms: float = 0.0
    force: tuple[str, ...] = ()
    only: str | None = None
    verify_percent: float = 0.0
    jobs: int = 1
    executor: str | None = None
    is_keeping_going: bool = False


def instantiate(
    config: Any,
    *args: Any,
    cache: Store | MemoryCache | Literal["DISABLED"] | None = None,
    allow: Sequence[str] | None = None,
    _execution_whitelist_: Any = None,
    **kwargs: Any,
) -> Any:
    """Instantiate ``config`` as `hydra.utils.instantiate` does, but make every distinct call once.

    Args:
        config: dict, list, OmegaConf container, dataclass or attrs class or instance. None gives None.
        args: positional arguments for the call at the root.
        cache: None shares calls within this one `instantiate`; a `MemoryCache` also between several; a `Store` also
            between processes; "DISABLED" makes a call for every reference, as Hydra does.
        allow: None takes the config for the caller's own code; an empty list refuses targets that run code or destroy
            data; target ids and globs (`["mypkg.*"]`) refuse all others. See `hydra_cached.targets.policy`.
        _execution_whitelist_: the same in the words of Hydra 1.4, whatever version is installed.
        kwargs: keyword arguments for the call at the root, merged over its config.

    Returns:
        What the target at the root returns; without one, the containers of ``config`` with all calls replaced.

    Raises:
        hydra.errors.InstantiationException: a target is not found, is refused, or raised (its exception is the cause).
        omegaconf.errors.OmegaConfBaseException: an interpolation or a missing value.
        ConfigError: the config refers to itself, or a special key has a value it cannot have.
        StoreError: the store cannot be used at all.

    >>> instantiate({"_target_": "builtins.max", "_args_": [1, 2]})
    2
    """
    if config is None:
        return None
    if not (cache is None or cache == "DISABLED" or isinstance(cache, (Store, MemoryCache))):
        raise TypeError(f'cache must be None, "DISABLED", a Store or a MemoryCache, not {cache!r}')
    if allow is not None and _execution_whitelist_ is not None:
        raise TypeError("allow and _execution_whitelist_ say the same thing: give one of them")
    policy = policy_from_whitelist(_execution_whitelist_) if allow is None else allow_only(allow)
    try:
        graph = build_graph(config, args, kwargs, is_sharing=cache != "DISABLED", policy=policy)
        if cache is None or isinstance(cache, str):
            return run_directly(graph)
        return _scheduler(graph, _result_cache(cache), RunOptions(), _log_warnings, is_caller_holding=True).run()
    except (TargetError, NodeFailedError) as exc:
        cause = exc.__cause__
        if (
            isinstance(exc, NodeFailedError)
            and cause is not None
            and not (exc.is_call and isinstance(cause, Exception))
        ):
            # Hydra wraps exceptions of calls, and nothing else
            raise cause from None
        error = as_hydra_error(exc)
        raise error from error.__cause__


def run(
    config: Any,
    *,
    pipeline: str = "",
    store: Store | None = None,
    options: RunOptions | None = None,
    policy: TargetPolicy = UNCHECKED,
    listener: Listener = ignore,
    overrides: Sequence[str] = (),
) -> RunReport:
    """Run a pipeline and report on every node. A node that fails is in the report, not raised.

    Args:
        config: as for `instantiate`.
        pipeline: its name, for the report.
        store: where results are looked up and kept, and where the run is written down; None neither reads nor writes.
        policy: which targets the config may call; by default any, for it is the caller's own code.
        listener: called with every event, in this thread.
        overrides: what was changed in the config, for the history.

    Raises:
        UsageError: the config, a target or the store cannot be used; nothing has run then.
        RunInterrupted: Ctrl-C; its ``report`` tells what was finished.
    """
    started, began_s = time.perf_counter(), time.time()
    run_id = _new_run_id()
    options = options or RunOptions()
    value, error, is_interrupted = None, None, False
    with open_dispatcher(options.executor, options.jobs) as dispatcher:
        graph = _build(config, policy)
        cache = None if store is None else StoreCache(store)
        scheduler = _scheduler(graph, cache, options, listener, dispatcher=dispatcher)
        listener(RunStarted(run_id, pipeline, len(graph.nodes)))
        try:
            with watch_interrupts() as scheduler.state.interrupts:
                value = scheduler.run()
        except (NodeFailedError, TargetError) as exc:
            error = exc
        except KeyboardInterrupt:
            is_interrupted = True
    report = _report(scheduler, pipeline, run_id, value, error, not (error or is_interrupted), started)
    if store is not None:
        _write_down(store, report, overrides, began_s, listener)
    if is_interrupted:
        raise RunInterrupted(report)
    return report


def plan(
    config: Any,
    *,
    pipeline: str = "",
    store: Store | None = None,
    options: RunOptions | None = None,
    policy: TargetPolicy = UNCHECKED,
) -> RunReport:
    """What `run` would do, without running or writing anything. Arguments as for `run`.

    A node is "would_run", "hit", "cutoff", "skipped", or "unknown" where that depends on what another one gives. Its
    ``seconds`` are what its call took when it last ran.

    >>> report = plan({"_target_": "builtins.max", "_args_": [1, 2]})
    >>> [node.status for node in report.nodes], report.summary.would_run
    (['would_run'], 1)

    Raises:
        UsageError: the config, a target or the store cannot be used.
    """
    started = time.perf_counter()
    graph = _build(config, policy)
    wired = _wire(graph, None if store is None else StoreCache(store), options or RunOptions())
    planned = draw_up(wired.graph, wired.context, wired.policy)
    return report_plan(graph, planned, pipeline, _new_run_id(), time.perf_counter() - started)


def explain(
    config: Any, path: str, *, store: Store, options: RunOptions | None = None, policy: TargetPolicy = UNCHECKED
) -> Explanation:
    """Why the node at a config path (or with a key that begins so) would run, or need not. Nothing is run.

    Raises:
        UsageError: the config, a target or the store cannot be used, or there is no such node.
    """
    wired = _wire(_build(config, policy), StoreCache(store), options or RunOptions())
    assert wired.context is not None, "there is a store"
    node = find_node(wired.graph, wired.context.keys, path)
    # as if its value were wanted: what contains it may be reused
    planned = draw_up(wired.graph.narrow(node), wired.context, wired.policy)
    known = known_below(wired.graph, node, planned, wired.context)
    return explain_node(wired.graph, node, planned.get(node.index), wired.context, known)


def accept(
    config: Any,
    path: str | None = None,
    *,
    store: Store,
    who: str,
    policy: TargetPolicy = UNCHECKED,
    is_dry_run: bool = False,
) -> Acceptance:
    """Let stored results count that differ from the present nodes in code alone. Nothing is run.

    Args:
        path: the node whose result, with all below it, is meant; None for the whole pipeline.
        who: the one who takes responsibility for that; it is written into the entries.
        is_dry_run: only find out what would be accepted.

    Raises:
        UsageError: the config, a target or the store cannot be used, or there is no such node.
    """
    wired = _wire(_build(config, policy), StoreCache(store), RunOptions(only=path))
    assert wired.context is not None, "there is a store"
    acceptance = Acceptance(wired.graph, wired.context, store, wired.files, who, is_dry_run=is_dry_run)
    acceptance.accept()
    return acceptance


def find_reachable_keys(config: Any, *, store: Store, policy: TargetPolicy = UNCHECKED) -> frozenset[str]:
    """Keys of the stored results that a run of a pipeline would find if nothing changed, at any of its nodes.

    Raises:
        UsageError: the config, a target or the store cannot be used.
    """
    wired = _wire(_build(config, policy), StoreCache(store), RunOptions())
    assert wired.context is not None, "there is a store"
    return find_reachable(wired.graph, wired.context, wired.policy)


def _new_run_id() -> str:
    return f"{time.strftime('%Y%m%d-%H%M%S')}-{secrets.token_hex(4)}"


def _build(config: Any, policy: TargetPolicy) -> Graph:
    try:
        graph = build_graph(config, policy=policy)
    except HydraCachedError:
        raise
    except Exception as exc:
        raise as_config_error(exc) from exc
    check_calls(graph)
    return graph


def _result_cache(cache: Store | MemoryCache) -> ResultCache:
    return StoreCache(cache) if isinstance(cache, Store) else cache


@dataclass(frozen=True, slots=True)
class _Wired:
    """The parts of a run or of a plan."""

    graph: Graph
    context: Context | None
    policy: Policy
    code: CodeFingerprints
    files: FileDigests


def _wire(graph: Graph, cache: ResultCache | None, options: RunOptions, *, is_caller_holding: bool = False) -> _Wired:
    code = CodeFingerprints()
    files = FileDigests(memo=None if cache is None else CacheMemo(cache, FILE_MEMO))
    keys = Keys(graph, code, files, *([] if cache is None else [outputs_recaller(cache.recall)]))
    forced = frozenset(find_node(graph, keys, name).index for name in options.force)
    policy = Policy(
        options.exclude,
        uncached_nodes(graph),
        options.min_persist_ms,
        is_caller_holding,
        forced,
        find_above(graph, forced),
        choose_sample(graph, options.verify_percent),
        (lambda node, entry: gives_same(cache, node, entry)) if isinstance(cache, MemoryCache) else None,
    )
    wanted = graph if options.only is None else graph.narrow(find_node(graph, keys, options.only))
    context = None if cache is None else Context(keys, cache, ConditionChecker(files, code, cache.recall))
    return _Wired(wanted, context, policy, code, files)


def _scheduler(
    graph: Graph,
    cache: ResultCache | None,
    options: RunOptions,
    listener: Listener,
    *,
    dispatcher: Dispatcher | None = None,
    is_caller_holding: bool = False,
) -> Scheduler:
    wired = _wire(graph, cache, options, is_caller_holding=is_caller_holding)
    return Scheduler(
        wired.graph,
        wired.context,
        cache,
        wired.policy,
        listener,
        wired.code,
        wired.files,
        dispatcher=dispatcher,
        is_keeping_going=options.is_keeping_going,
    )


def _log_warnings(event: Event) -> None:
    if isinstance(event, Warned):
        import logging

        logging.getLogger("hydra_cached").warning(event.message)


def _report(
    scheduler: Scheduler,
    pipeline: str,
    run_id: str,
    value: Any,
    error: HydraCachedError | None,
    is_ok: bool,
    started: float,
) -> RunReport:
    nodes = report_nodes(scheduler.graph, scheduler.state.settled, scheduler.known_recipe)
    return RunReport(
        pipeline=pipeline,
        run_id=run_id,
        is_ok=is_ok,
        value=value,
        error=error,
        nodes=nodes,
        summary=summarize(nodes, time.perf_counter() - started, scheduler.state.committer.count_saved()),
    )


def _write_down(store: Store, report: RunReport, overrides: Sequence[str], began_s: float, listener: Listener) -> None:
    """Enter a run into the history; where that cannot be written, the results count all the same."""
    summary = report.summary
    head = RunHead(
        run_id=report.run_id,
        started_s=began_s,
        pipeline=report.pipeline,
        overrides=tuple(overrides),
        outcome="done" if report.is_ok else "failed" if report.error else "interrupted",
        error=report.error.message.partition("\n")[0] if report.error else "",
        counts={name: getattr(summary, name) for name in ("nodes", "hit", "cutoff", "ran", "skipped", "failed")},
        seconds=summary.seconds,
        seconds_saved=summary.seconds_saved,
    )
    nodes = tuple(
        PastNode(
            node.path,
            node.target,
            node.status,
            node.reason.code if node.reason else "",
            node.reason.detail if node.reason else "",
            node.seconds,
            node.recipe_key,
            node.call_key,
        )
        for node in report.nodes
    )
    try:
        record_run(store, PastRun(head, nodes))
    except StoreError as exc:
        listener(Warned("", f"the run is not in the history: {exc.message}"))
