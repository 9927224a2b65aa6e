"""What one run knows, shared by those who decide, call and fetch for it. Does nothing by itself."""

from __future__ import annotations

from collections.abc import Callable

from hydra_cached.events import Event
from hydra_cached.execution.aliases import Aliases
from hydra_cached.execution.cache import ResultCache
from hydra_cached.execution.commit import Committer
from hydra_cached.execution.interrupts import Interrupts
from hydra_cached.execution.settled import Settled
from hydra_cached.execution.values import Values
from hydra_cached.fingerprint import CodeFingerprints, FileDigests
from hydra_cached.graph import Graph, Node
from hydra_cached.planning import Context, Decision, Known, Policy, Reason


class RunState:
    """One run of one graph.

    Attributes:
        context: what decisions are made from, or None with ``cache`` None: then nothing is looked up, digested or
            stored.
        code: fingerprints of code, as it was when the run began.
        settled: nodes that were reused or called, by index.
        asked: decisions for the nodes that were not found by recipe key, by index.
        demoted: why results that were found are computed again, by index.
        known: what is known of the results so far.
    """

    def __init__(
        self,
        graph: Graph,
        context: Context | None,
        cache: ResultCache | None,
        policy: Policy,
        listener: Callable[[Event], None],
        code: CodeFingerprints,
        files: FileDigests,
    ) -> None:
        self.graph = graph
        self.context = context
        self.keys = None if context is None else context.keys
        self.cache = cache
        self.policy = policy
        self.code = code
        self.emit = listener
        self.interrupts = Interrupts()
        self.settled: dict[int, Settled] = {}
        self.asked: dict[int, Decision] = {}
        self.demoted: dict[int, Reason] = {}
        self.values = Values()
        self.aliases = Aliases()
        self.committer = Committer(graph, self.keys, cache, policy, self.settled, listener, code, files)
        self._paths: dict[int, str] = {}
        self.known = Known(self.committer.digest_of, self.committer.mentions_of)

    def path_of(self, node: Node) -> str:
        """The path of a node, found once: events name it several times."""
        known = self._paths.get(node.index)
        if known is None:
            known = self._paths[node.index] = node.path
        return known
