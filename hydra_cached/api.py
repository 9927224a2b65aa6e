"""The library's face: `instantiate` as Hydra has it, and `run` with a report. The only place where rooms are wired."""

from __future__ import annotations

import secrets
import time
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal

from hydra_cached.errors import ConfigError, HydraCachedError, NodeFailedError, StoreError, TargetError
from hydra_cached.events import Event, Listener, RunStarted, Warned, ignore
from hydra_cached.execution.cache import ResultCache, StoreCache
from hydra_cached.execution.direct import run_directly
from hydra_cached.execution.interrupts import watch_interrupts
from hydra_cached.execution.notes import CacheMemo, outputs_recaller
from hydra_cached.execution.report import NodeReport, RunInterrupted, RunReport, Summary
from hydra_cached.execution.scheduler import Scheduler
from hydra_cached.fingerprint import CodeFingerprints, FileDigests
from hydra_cached.graph import EXPRESSIONS, Graph, Items, Node, build_graph
from hydra_cached.graph.hydra_errors import as_config_error, as_hydra_error
from hydra_cached.history import PastNode, PastRun, RunHead, record_run
from hydra_cached.keys import Keys
from hydra_cached.plan import ConditionChecker, Context, Policy, uncached_nodes
from hydra_cached.store import FILE_MEMO, MemoryCache, Store
from hydra_cached.targets import UNCHECKED, TargetPolicy, allow_only, check_call, policy_from_whitelist

if TYPE_CHECKING:
    from hydra_cached.plan import Status


@dataclass(frozen=True, slots=True)
class RunOptions:
    """What a run may reuse and store.

    Attributes:
        exclude: canonical target ids or globs that are never looked up nor stored.
        min_persist_ms: results of calls that took less, in milliseconds, are not stored.
    """

    exclude: tuple[str, ...] = ()
    min_persist_ms: float = 0.0


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
    options = options or RunOptions()
    started, began_s = time.perf_counter(), time.time()
    run_id = f"{time.strftime('%Y%m%d-%H%M%S')}-{secrets.token_hex(4)}"
    try:
        graph = build_graph(config, policy=policy)
    except HydraCachedError:
        raise
    except Exception as exc:
        raise as_config_error(exc) from exc
    _check_calls(graph)
    listener(RunStarted(run_id, pipeline, len(graph.nodes)))
    scheduler = _scheduler(graph, None if store is None else StoreCache(store), options, listener)
    value, error, is_interrupted = None, None, False
    try:
        with watch_interrupts() as scheduler.interrupts:
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


def _result_cache(cache: Store | MemoryCache) -> ResultCache:
    return StoreCache(cache) if isinstance(cache, Store) else cache


def _scheduler(
    graph: Graph, cache: ResultCache | None, options: RunOptions, listener: Listener, *, is_caller_holding: bool = False
) -> Scheduler:
    code = CodeFingerprints()
    files = FileDigests(memo=None if cache is None else CacheMemo(cache, FILE_MEMO))
    context = None if cache is None else _context(graph, cache, code, files)
    policy = Policy(options.exclude, uncached_nodes(graph), options.min_persist_ms, is_caller_holding)
    return Scheduler(graph, context, cache, policy, listener, code, files)


def _context(graph: Graph, cache: ResultCache, code: CodeFingerprints, files: FileDigests) -> Context:
    keys = Keys(graph, code, files, outputs_recaller(cache.recall))
    return Context(keys, cache, ConditionChecker(files, code, cache.recall))


def _check_calls(graph: Graph) -> None:
    seen: set[tuple[int, int, tuple[str, ...], bool]] = set()
    for node in graph.nodes:
        call = node.call
        if (
            not isinstance(call.args, tuple)
            and type(call.args) not in EXPRESSIONS
            and not isinstance(call.args, Sequence)
        ):
            raise TargetError(
                f"_args_ at {node.path or 'the root'} is no list: {call.args!r}",
                hint="write _args_: [...]",
                path=node.path,
                target=node.target_id,
            )
        if not isinstance(call.args, (tuple, Items)):
            continue
        count = len(call.args if isinstance(call.args, tuple) else call.args.values)
        key = (id(call.target), count, tuple(call.kwargs), call.is_partial)
        if key not in seen:
            seen.add(key)
            check_call(
                call.target,
                count,
                tuple(call.kwargs),
                path=node.path,
                target_id=node.target_id,
                is_partial=call.is_partial,
            )


def _log_warnings(event: Event) -> None:
    if isinstance(event, Warned):
        import logging

        logging.getLogger("hydra_cached").warning(event.message)


# --- the report -------------------------------------------------------------------------------------------------------


def _report(
    scheduler: Scheduler,
    pipeline: str,
    run_id: str,
    value: Any,
    error: HydraCachedError | None,
    is_ok: bool,
    started: float,
) -> RunReport:
    nodes = tuple(_report_node(scheduler, node) for node in scheduler.graph.nodes)
    return RunReport(
        pipeline=pipeline,
        run_id=run_id,
        is_ok=is_ok,
        value=value,
        error=error,
        nodes=nodes,
        summary=_summarize(nodes, time.perf_counter() - started, scheduler.committer.count_saved()),
    )


def _report_node(scheduler: Scheduler, node: Node) -> NodeReport:
    settled = scheduler.settled.get(node.index)
    if settled is None:
        recipe_key = scheduler.known_recipe(node)
        return NodeReport(
            node.path, node.paths, node.target_id, "skipped", None, recipe_key, None, None, 0.0, None, False
        )
    decision = settled.decision
    is_reused = settled.status in ("hit", "cutoff")
    return NodeReport(
        path=node.path,
        paths=node.paths,
        target=node.target_id,
        status=settled.status,
        reason=None if is_reused else decision.reason,
        recipe_key=decision.recipe_key,
        call_key=decision.call_key,
        content_digest=settled.content_digest,
        seconds=settled.seconds,
        size_bytes=settled.entry.size_bytes if settled.entry else None,
        is_stored=settled.is_stored,
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


def _summarize(nodes: Iterable[NodeReport], seconds: float, seconds_saved: float) -> Summary:
    counts: dict[Status, int] = {}
    total = 0
    for node in nodes:
        counts[node.status] = counts.get(node.status, 0) + 1
        total += 1
    return Summary(
        nodes=total,
        hit=counts.get("hit", 0),
        cutoff=counts.get("cutoff", 0),
        ran=counts.get("ran", 0),
        skipped=counts.get("skipped", 0),
        failed=counts.get("failed", 0),
        would_run=counts.get("would_run", 0),
        unknown=counts.get("unknown", 0),
        seconds=seconds,
        seconds_saved=seconds_saved,
    )


__all__ = ["ConfigError", "RunOptions", "StoreError", "instantiate", "run"]
