"""Puts the rooms together for one run or plan. Runs nothing itself."""

from __future__ import annotations

import secrets
import time
from dataclasses import dataclass
from typing import Any

from hydra_cached.errors import HydraCachedError
from hydra_cached.events import Listener
from hydra_cached.execution.cache import ResultCache, StoreCache
from hydra_cached.execution.dispatching import Dispatcher
from hydra_cached.execution.executors import Workplace
from hydra_cached.execution.holdings import gives_same
from hydra_cached.execution.notes import CacheMemo, outputs_recaller
from hydra_cached.execution.scheduler import Scheduler
from hydra_cached.fingerprint import CodeFingerprints, FileDigests
from hydra_cached.graph import Graph, build_graph
from hydra_cached.graph.calls import check_calls
from hydra_cached.graph.hydra_errors import as_config_error
from hydra_cached.keys import Keys
from hydra_cached.planning import (
    ConditionChecker,
    Context,
    Policy,
    choose_sample,
    find_above,
    find_node,
    find_nodes,
    uncached_nodes,
)
from hydra_cached.store import CODE_MEMO, FILE_MEMO, MemoryCache, Store
from hydra_cached.targets import TargetPolicy


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
        executor: "inline", "processes", "threads" or "dask"; None is dask with a cluster, processes for more than one
            job.
        cluster: of Dask: an address, a scheduler file, "module:factory", a cluster or a client. Without, the executor
            dask starts ``jobs`` workers.
        is_shipping_code: the user's own modules are sent to the workers of the cluster.
        is_keeping_going: after a failure, go on with what does not depend on it.
        lock_timeout_s: wait at most so long, in seconds, for another process that computes the same; then compute it.
    """

    exclude: tuple[str, ...] = ()
    min_persist_ms: float = 0.0
    force: tuple[str, ...] = ()
    only: str | None = None
    verify_percent: float = 0.0
    jobs: int = 1
    executor: str | None = None
    cluster: Any = None
    is_shipping_code: bool = False
    is_keeping_going: bool = False
    lock_timeout_s: float = 3600.0

    @property
    def workplace(self) -> Workplace:
        """Where calls are made."""
        return Workplace(self.executor, self.jobs, self.cluster, self.is_shipping_code)


def new_run_id() -> str:
    """When a run begins, and some digits that no other has."""
    return f"{time.strftime('%Y%m%d-%H%M%S')}-{secrets.token_hex(4)}"


def build(config: Any, policy: TargetPolicy) -> Graph:
    """The graph of a config, whose calls take what they are given.

    Raises:
        UsageError: the config or a target cannot be used.
    """
    try:
        graph = build_graph(config, policy=policy)
    except HydraCachedError:
        raise
    except Exception as exc:
        raise as_config_error(exc) from exc
    check_calls(graph)
    return graph


def result_cache(cache: Store | MemoryCache) -> ResultCache:
    """A place for results as the scheduler wants it."""
    return StoreCache(cache) if isinstance(cache, Store) else cache


@dataclass(frozen=True, slots=True)
class Wired:
    """The parts of a run or of a plan."""

    graph: Graph
    keys: Keys
    context: Context | None
    policy: Policy
    code: CodeFingerprints
    files: FileDigests


def wire(graph: Graph, cache: ResultCache | None, options: RunOptions, *, is_caller_holding: bool = False) -> Wired:
    """What a run or a plan of a graph needs.

    Raises:
        UsageError: an option names a node that there is not.
    """
    code = CodeFingerprints(None if cache is None else CacheMemo(cache, CODE_MEMO))
    files = FileDigests(memo=None if cache is None else CacheMemo(cache, FILE_MEMO))
    recall = (lambda kind, keys: {}) if cache is None else cache.recall
    keys = Keys(graph, code, files, outputs_recaller(recall))
    forced = frozenset(node.index for name in options.force for node in find_nodes(graph, keys, name))
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
    return Wired(wanted, keys, context, policy, code, files)


def new_scheduler(
    graph: Graph,
    cache: ResultCache | None,
    options: RunOptions,
    listener: Listener,
    *,
    dispatcher: Dispatcher | None = None,
    is_caller_holding: bool = False,
) -> Scheduler:
    """A scheduler for one run.

    Raises:
        UsageError: an option names a node that there is not.
    """
    wired = wire(graph, cache, options, is_caller_holding=is_caller_holding)
    return assemble(wired, cache, options, listener, dispatcher)


def assemble(
    wired: Wired, cache: ResultCache | None, options: RunOptions, listener: Listener, dispatcher: Dispatcher | None
) -> Scheduler:
    """A scheduler of parts that were wired."""
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
        lock_timeout_s=options.lock_timeout_s,
    )
