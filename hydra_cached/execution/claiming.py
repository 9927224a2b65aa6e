"""Sees to it that of several processes that want a missing result one computes it. Saves work; nothing rests on it."""

from __future__ import annotations

import time

from hydra_cached.errors import EntryError
from hydra_cached.events import WaitingFor
from hydra_cached.execution.state import RunState
from hydra_cached.graph import Node
from hydra_cached.planning import Decision
from hydra_cached.store import Claim

POLL_S = 0.02
_PATIENCE_S = 0.2


class Claiming:
    """The claims of one run."""

    def __init__(self, run: RunState, timeout_s: float) -> None:
        self._run = run
        self._timeout_s = timeout_s
        self._claims: dict[int, Claim] = {}
        self._waiting_since: dict[int, float] = {}
        self._told: dict[int, int | None] = {}

    def may_begin(self, node: Node, decision: Decision) -> bool:
        """Whether the node is this run's to compute now; False while somebody else does so."""
        key = decision.call_key or decision.recipe_key
        is_common = decision.is_storable and not decision.is_replacing and decision.verifies is None
        if self._run.cache is None or key is None or not is_common or node.index in self._claims:
            return True
        claim = self._run.cache.claim(key)
        if claim is not None:
            self._claims[node.index] = claim
            self._waiting_since.pop(node.index, None)
            return True
        now = time.monotonic()
        since = self._waiting_since.setdefault(node.index, now)
        if now - since > self._timeout_s:
            # it may be stopped for good
            return True
        self._tell(node, key, now - since)
        return False

    def is_there(self, node: Node, decision: Decision) -> bool:
        """Whether the result has come into the store since the decision: by who had the claim before."""
        cache = self._run.cache
        if cache is None or node.index not in self._claims:
            return False
        try:
            return any(
                key is not None and look_up(key) is not None
                for key, look_up in ((decision.call_key, cache.get), (decision.recipe_key, cache.find))
            )
        except EntryError:
            return False

    def release(self, index: int) -> None:
        """A node is settled: others may look for its result."""
        claim = self._claims.pop(index, None)
        if claim is not None:
            claim.release()

    def release_all(self) -> None:
        """The run ends."""
        for index in list(self._claims):
            self.release(index)

    def _tell(self, node: Node, key: str, waited_s: float) -> None:
        cache = self._run.cache
        assert cache is not None, "there are no claims without a cache"
        pid = cache.holder(key)
        # none: the system cannot tell, or it has just been released
        if (pid is not None or waited_s > _PATIENCE_S) and self._told.get(node.index, 0) != pid:
            self._told[node.index] = pid
            self._run.emit(WaitingFor(node.path, node.target_id, pid, node.scope))
