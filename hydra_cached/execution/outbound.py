"""Makes the tasks that leave this process, and puts what they need where workers find it. Sends nothing."""

from __future__ import annotations

from hydra_cached.errors import NotSerializableError
from hydra_cached.execution.files import Before
from hydra_cached.execution.packing import PackedTask, pack_task
from hydra_cached.execution.pools import Pool
from hydra_cached.execution.staging import Scratch, StagedValue, stage
from hydra_cached.execution.state import RunState
from hydra_cached.execution.tasks import Task, detach
from hydra_cached.graph import Node, Place
from hydra_cached.planning import Decision, argument_positions
from hydra_cached.store import dump_value


class Outbound:
    """Tasks of a run, and its folder for values that are not stored.

    Args:
        pool: says where such a folder may be.
    """

    def __init__(self, pool: Pool) -> None:
        self._pool = pool
        self._scratch: Scratch | None = None

    def begin(self, run: RunState) -> None:
        """A run begins."""
        self._run = run

    def close(self) -> None:
        """Remove the folder."""
        if self._scratch is not None:
            self._scratch.remove()

    def drop(self, staged: StagedValue) -> None:
        """Nobody waits for a value any more: delete its file, unless it is stored."""
        if self._scratch is not None:
            self._scratch.drop(staged)

    def pack(self, node: Node, decision: Decision, before: Before | None) -> PackedTask | None:
        """The call of a node as a task; None where it cannot be pickled.

        Raises:
            NotSerializableError: an argument cannot be pickled.
            EntryError: the entry of one is gone.
        """
        run = self._run
        numbers = {place: number for number, place in enumerate(node.call.children)}
        info = run.committer.describe(node, decision)
        store_folder = None if run.cache is None or info is None else run.cache.object_folder
        task = Task(
            place=detach(node.call),
            arguments={number: self._stage(place) for place, number in numbers.items()},
            positions={position: numbers[place] for position, place in argument_positions(node.call).items()},
            watched={
                number: digest
                for place, number in numbers.items()
                if run.values.count(place) > 1 and (digest := run.committer.digest_of(place)) is not None
            },
            code=run.keys.identity(node).code if run.keys is not None and run.cache is not None else "",
            info=info if store_folder is not None else None,
            store_id=b"" if run.cache is None else run.cache.store_id,
            folder=store_folder or self._new_folder(),
            paths=() if before is None else before.watch.paths,
            retries=node.call.declared.retries,
            is_durable=run.cache is not None and run.cache.is_durable,
            names_files=run.keys is not None and bool(run.keys.paths(node, run.committer.mentions_of)),
        )
        return pack_task(task, self._new_folder)

    def _stage(self, place: Place) -> StagedValue:
        """The value of an argument where workers find it.

        Raises:
            NotSerializableError: it cannot be pickled.
            EntryError: its entry is gone.
        """
        run = self._run
        settled = run.settled[run.graph.node_of(place).index]
        if settled.staged is None:
            if settled.entry is not None and run.cache is not None:
                settled.staged = run.cache.staged(settled.entry)
            if settled.staged is None:
                if not run.values.is_at_hand(place):
                    raise NotSerializableError("it is not at hand")
                settled.staged = stage(dump_value(run.values.peek(place)), self._new_folder())
        return settled.staged

    def _new_folder(self) -> str:
        if self._scratch is None:
            cache = self._run.cache
            self._scratch = Scratch(self._pool.scratch_parent(None if cache is None else cache.object_folder))
            self._pool.share(self._scratch.folder)
        return self._scratch.new_folder()
