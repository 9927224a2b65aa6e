"""The library's face: `instantiate` as Hydra has it, and `run` with a report. The only place where rooms are wired."""

from __future__ import annotations

import time
from collections.abc import Sequence
from typing import Any, Literal

from hydra_cached.api.ambient import current_ambient
from hydra_cached.api.remembering import write_down
from hydra_cached.api.sweeping import plan_sweep, sweep
from hydra_cached.api.wiring import RunOptions, build, new_run_id, new_scheduler, result_cache, wire
from hydra_cached.errors import HydraCachedError, NodeFailedError, TargetError
from hydra_cached.events import Event, Listener, RunStarted, Warned, ignore
from hydra_cached.execution.accept import Acceptance
from hydra_cached.execution.cache import StoreCache
from hydra_cached.execution.direct import run_directly
from hydra_cached.execution.executors import open_dispatcher
from hydra_cached.execution.interrupts import watch_interrupts
from hydra_cached.execution.report import RunInterrupted, RunReport
from hydra_cached.execution.reporting import report_nodes, report_plan, summarize
from hydra_cached.execution.scheduler import Scheduler
from hydra_cached.graph import build_graph
from hydra_cached.graph.hydra_errors import as_hydra_error
from hydra_cached.graph.rings import RingError
from hydra_cached.planning import Explanation, draw_up, explain_node, find_node, find_reachable, known_below
from hydra_cached.store import MemoryCache, Store
from hydra_cached.targets import UNCHECKED, TargetPolicy, allow_only, policy_from_whitelist

__all__ = [
    "RunOptions",
    "accept",
    "explain",
    "find_reachable_keys",
    "instantiate",
    "plan",
    "plan_sweep",
    "run",
    "sweep",
]


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
    listener: Listener = _log_warnings
    ambient = current_ambient() if cache is None else None
    if ambient is not None:
        cache, listener = ambient.store, ambient.listener
    try:
        graph = build_graph(config, args, kwargs, is_sharing=cache != "DISABLED", policy=policy)
        if cache is None or isinstance(cache, str):
            return run_directly(graph)
        return new_scheduler(graph, result_cache(cache), RunOptions(), listener, is_caller_holding=True).run()
    except (TargetError, NodeFailedError, RingError) as exc:
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
    run_id = new_run_id()
    options = options or RunOptions()
    value, error, is_interrupted = None, None, False
    with open_dispatcher(options.workplace) as dispatcher:
        graph = build(config, policy)
        cache = None if store is None else StoreCache(store)
        scheduler = new_scheduler(graph, cache, options, listener, dispatcher=dispatcher)
        listener(RunStarted(run_id, pipeline, len(graph.nodes), options.jobs))
        try:
            with watch_interrupts() as scheduler.state.interrupts:
                value = scheduler.run()
        except (NodeFailedError, TargetError) as exc:
            error = exc
        except KeyboardInterrupt:
            is_interrupted = True
    report = _report(scheduler, pipeline, run_id, value, error, not (error or is_interrupted), started)
    if store is not None:
        write_down(store, report, overrides, began_s, listener)
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
    graph = build(config, policy)
    wired = wire(graph, None if store is None else StoreCache(store), options or RunOptions())
    planned = draw_up(wired.graph, wired.context, wired.policy)
    return report_plan(graph, planned, pipeline, new_run_id(), time.perf_counter() - started)


def explain(
    config: Any, path: str, *, store: Store, options: RunOptions | None = None, policy: TargetPolicy = UNCHECKED
) -> Explanation:
    """Why the node at a config path (or with a key that begins so) would run, or need not. Nothing is run.

    Raises:
        UsageError: the config, a target or the store cannot be used, or there is no such node.
    """
    wired = wire(build(config, policy), StoreCache(store), options or RunOptions())
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
    wired = wire(build(config, policy), StoreCache(store), RunOptions(only=path))
    assert wired.context is not None, "there is a store"
    acceptance = Acceptance(wired.graph, wired.context, store, wired.files, who, is_dry_run=is_dry_run)
    acceptance.accept()
    return acceptance


def find_reachable_keys(config: Any, *, store: Store, policy: TargetPolicy = UNCHECKED) -> frozenset[str]:
    """Keys of the stored results that a run of a pipeline would find if nothing changed, at any of its nodes.

    Raises:
        UsageError: the config, a target or the store cannot be used.
    """
    wired = wire(build(config, policy), StoreCache(store), RunOptions())
    assert wired.context is not None, "there is a store"
    return find_reachable(wired.graph, wired.context, wired.policy)


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
    saved = scheduler.state.committer.savings.by_node()
    return RunReport(
        pipeline=pipeline,
        run_id=run_id,
        is_ok=is_ok,
        value=value,
        error=error,
        nodes=nodes,
        summary=summarize(nodes, time.perf_counter() - started, sum(saved.values())),
    )
