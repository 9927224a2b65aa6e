"""Calls nodes in this process: arguments, the target, what becomes of its value. Decides nothing."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import partial
from itertools import count
from typing import Any, NoReturn

from hydra_cached.errors import MissingInputError, NodeFailedError, TargetError
from hydra_cached.events import NodeFailed, NodeFinished, NodeStarted, Warned
from hydra_cached.execution.files import NO_WRITES, Before, Writes
from hydra_cached.execution.settled import Settled
from hydra_cached.execution.state import RunState
from hydra_cached.execution.values import ABSENT, Copies, copy_for, is_copied_for
from hydra_cached.execution.worker import Outcome, failed_node, is_consumed_once, try_target
from hydra_cached.fingerprint import is_immutable
from hydra_cached.graph import Node, Place, bind_call
from hydra_cached.keys import find_mentions
from hydra_cached.planning import Decision, Reason


@dataclass(frozen=True, slots=True)
class Prepared:
    """A call that is ready to be made: its arguments are bound, and its files were looked at."""

    node: Node
    settled: Settled
    before: Before | None
    call: Any


class Caller:
    """Calls of one run. `call_node` does all of it; an executor that calls elsewhere prepares and finishes only."""

    def __init__(self, run: RunState) -> None:
        self._run = run

    def call_node(self, node: Node, decision: Decision, before: Before | None) -> None:
        """Call the target for the node's first place, and give every other place that is waited for its own copy.

        Raises:
            NodeFailedError: the target raised, or an input is missing.
        """
        prepared = self.prepare(node, decision, before)
        if before is None:
            outcome = self._try(node, prepared.call)
        else:
            with before.watch:
                outcome = self._try(node, prepared.call)
        self.finish(prepared, outcome)

    def prepare(self, node: Node, decision: Decision, before: Before | None) -> Prepared:
        """Bind the arguments of a call; it counts as started from now on.

        Raises:
            NodeFailedError: an argument cannot be built, or an input is missing.
        """
        self._run.code.read_ahead()
        settled = Settled(decision, "ran")
        self.check_inputs(node, settled, before)
        call = self._bind(node, node.call, settled)
        reason = decision.reason or Reason("new")
        self.tell_start(node, reason)
        return Prepared(node, settled, before, call)

    def check_inputs(self, node: Node, settled: Settled, before: Before | None) -> None:
        """
        Raises:
            MissingInputError: a file that the node is declared to read is not there.
        """
        missing = next((each for each in before.inputs if each.digest is None), None) if before else None
        if missing is not None:
            argument = f" (argument {missing.argument})" if missing.argument else ""
            error = MissingInputError(
                f"input file {missing.label}{argument} of {node.path or 'the root'} is not there",
                hint="mend the path, or what is to write it; relative paths start from the working directory",
                path=node.path,
                target=node.target_id,
            )
            self.fail(node, settled, error)

    def finish(self, prepared: Prepared, outcome: Outcome) -> None:
        """Settle a node by what its call came to, and store its value.

        Raises:
            NodeFailedError: the target raised.
            KeyboardInterrupt: the run was to stop meanwhile.
        """
        run, node, settled = self._run, prepared.node, prepared.settled
        value = self._take_value(node, settled, outcome)
        # where nothing is stored, nobody asks
        mentions = find_mentions(value) if run.committer.files is not None else ()
        writes = self.look_after(node, prepared.before, mentions)
        run.settled[node.index] = settled
        arguments = [(child, run.values.peek(child)) for child in node.call.children if run.values.is_at_hand(child)]
        run.values.put(node.call, value)
        run.committer.commit(node, value, arguments, writes, mentions)
        if run.committer.is_watching:
            run.aliases.note(node.call, value, arguments)
            if settled.entry is None:
                run.values.take_snapshot(node.call)
            self._find_changes(node)
        is_once = is_consumed_once(value)
        if not is_once and len(node.places) > 1:
            self._share(node, [place for place in node.places[1:] if run.values.is_expected(place)], value)
        if is_once and run.values.is_shared_beyond(node.call):
            run.values.keep_until_done(node.call, node.call.children)
        else:
            run.values.release(node.call.children)
        size = settled.entry.size_bytes if settled.entry else None
        run.emit(NodeFinished(node.path, node.target_id, "ran", settled.seconds, size, settled.is_stored, node.scope))

    def call_again(self, node: Node, place: Place, settled: Settled, reason: Reason) -> Any:
        """The value for one place, made once more.

        Raises:
            NodeFailedError: the target raised this time.
        """
        self._run.code.read_ahead()
        call = self._bind(node, place, settled)
        self.tell_start(node, reason)
        return self._take_value(node, settled, self._try(node, call))

    def tell_start(self, node: Node, reason: Reason) -> None:
        """Say that a call begins, and how long it may take."""
        context = self._run.context
        expected_s = None if context is None else context.expect_seconds(node)
        self._run.emit(NodeStarted(node.path, node.target_id, reason.code, reason.detail, expected_s, node.scope))

    def look_after(self, node: Node, before: Before | None, mentions: Sequence[str]) -> Writes:
        """What a call did to files; ``mentions`` are texts in its result that may name some."""
        run = self._run
        if run.keys is not None:
            run.keys.forget_files()
        if before is None or run.committer.files is None:
            return NO_WRITES
        outputs = run.committer.outputs
        writes = run.committer.files.look_after(
            node, before, mentions, lambda label: outputs.is_of_another(node.index, label)
        )
        if writes.outputs and run.context is not None:
            run.context.conditions.forget()
        return writes

    def fail(self, node: Node, settled: Settled, error: NodeFailedError | TargetError) -> NoReturn:
        """Settle a node as failed.

        Raises:
            NodeFailedError: always, unless it is a
            TargetError: the target does not take what it is given.
        """
        settled.status, settled.error = "failed", error
        self._run.settled[node.index] = settled
        self._run.emit(NodeFailed(node.path, node.target_id, error.message, node.scope))
        raise error from error.__cause__

    def tell_change(self, node: Node, place: Place) -> None:
        """Warn that a call changed an argument of others in place."""
        where = ".".join(map(str, place.path)) or "the root"
        what = f"{node.target_id} at {node.path or 'the root'} changed the result of {where} in place"
        self._run.emit(Warned(node.path, f"{what}; other users of it get a fresh copy"))

    def _bind(self, node: Node, place: Place, settled: Settled) -> Any:
        arguments = {child: self._run.values.take(child) for child in place.children}
        try:
            return bind_call(place, arguments.__getitem__)
        except TargetError as exc:
            self.fail(node, settled, exc)
        except Exception as exc:
            failure = failed_node(node, exc, is_call=False)
            failure.__cause__ = exc
            self.fail(node, settled, failure)

    def _try(self, node: Node, call: Any) -> Outcome:
        """Make a call, as often as it may be tried."""
        attempts = count()

        def tell(what: str) -> None:
            self._run.interrupts.raise_if_come()
            self.tell_retry(node, what, next(attempts))

        return try_target(call, node.call.declared.retries, tell)

    def tell_retry(self, node: Node, what: str, attempt: int) -> None:
        """Warn that a call failed and is made again.

        Args:
            what: it raised.
            attempt: how many had failed before.
        """
        message = f"{node.target_id} at {node.path or 'the root'} failed: {what}"
        self._run.emit(Warned(node.path, f"{message}; try {attempt + 2} of {node.call.declared.retries + 1}"))

    def _take_value(self, node: Node, settled: Settled, outcome: Outcome) -> Any:
        settled.seconds += outcome.seconds
        if outcome.error is not None:
            failure = failed_node(node, outcome.error)
            failure.__cause__ = outcome.error
            self.fail(node, settled, failure)
        # a target that goes on with what it has after Ctrl-C gives no result to keep
        self._run.interrupts.raise_if_come()
        return outcome.value

    def _share(self, node: Node, places: Sequence[Place], value: Any) -> None:
        """Give the further places of a node their copies; those of other configs get them when their turn comes."""
        later = []
        for place in places:
            if self._run.graph.are_apart(node.call, place) and not is_immutable(value):
                later.append(place)
            else:
                self._copy(node, place, value)
        if later:
            self._copy_later(node, later, value)

    def _copy_later(self, node: Node, places: Sequence[Place], value: Any) -> None:
        run = self._run
        is_used = run.values.is_expected
        wanting = [place for place in places if is_copied_for(place, node, value, self._peek, is_used)]
        entry, cache = run.settled[node.index].entry, run.cache
        if entry is not None and cache is not None:
            for place in wanting:
                run.values.defer(place, partial(cache.load, entry, place))
            return
        try:
            copies = Copies(value, len(wanting))
        except Exception:
            # each makes a call of its own
            return
        for place in wanting:
            run.values.defer(place, copies.take)

    def _copy(self, node: Node, place: Place, value: Any) -> None:
        run = self._run
        copied = copy_for(place, node, value, self._peek, run.values.is_expected)
        if copied is ABSENT:
            return
        run.values.put(place, copied)
        entry = run.settled[node.index].entry
        if entry is not None and run.cache is not None:
            run.cache.adopt(entry, copied, place)

    def _peek(self, place: Place) -> Any:
        return self._run.values.peek(place) if self._run.values.is_at_hand(place) else ABSENT

    def _find_changes(self, node: Node) -> None:
        """A call that changed an argument in place spoils it for the others: they get a fresh one."""
        run = self._run
        children = node.call.children
        suspects = [place for place in children if run.values.is_shared_beyond(place)]
        suspects += [place for place in run.aliases.others(children) if place is not node.call]
        for place in suspects:
            if not run.values.is_at_hand(place) or not run.values.is_expected(place):
                continue
            if run.committer.holdings.is_changed(run.graph.node_of(place), run.values.peek(place)):
                run.values.drop(place)
                run.aliases.part(place)
                self.tell_change(node, place)
        run.committer.holdings.find_changed_literals(node)
