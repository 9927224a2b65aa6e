"""Runs a whole graph in this process when nothing is looked up, digested or stored: only the calls, and the sharing.

The scheduler would do the same in more steps; what a call costs beyond the target's own time matters most here.
"""

from __future__ import annotations

from typing import Any

from hydra_cached.execution.values import ABSENT, copy_for, shared_children
from hydra_cached.execution.worker import failed_node, is_consumed_once
from hydra_cached.fingerprint.collector import leave_out
from hydra_cached.graph import Graph, Node, Place, bind, bind_call

# a graph of so many nodes is left out of garbage collections
_VERY_MANY = 10_000


def run_directly(graph: Graph) -> Any:
    """The value of the pipeline. Every node is called once, in topological order; values go with their last consumer.

    Raises:
        NodeFailedError: a target raised.
    """
    if len(graph.nodes) < _VERY_MANY:
        return _DirectRun(graph).run()
    with leave_out():
        return _DirectRun(graph).run()


class _DirectRun:
    """One run. Values and numbers of consumers still to come are lists by place index."""

    def __init__(self, graph: Graph) -> None:
        self._graph = graph
        count = len(graph.node_of_place)
        self._values: list[Any] = [ABSENT] * count
        self._uses = [0] * count
        self._kept: dict[int, list[Place]] = {}
        # places whose values can be read only once and have several consumers
        self._once: set[int] = set()
        for node in graph.nodes:
            for child in node.places[0].children:
                self._uses[child.index] += 1
            if len(node.places) > 1:
                for child in shared_children(node):
                    self._uses[child.index] += 1
        for place in graph.roots():
            self._uses[place.index] += 1

    def run(self) -> Any:
        values = self._values
        for node in self._graph.nodes:
            place = node.places[0]
            # outside of try: what fails in there belongs to another node
            call = None if place.is_leaf and not place.is_partial else self._bind(place)
            try:
                value = place.target(*place.args, **place.kwargs) if call is None else call()
            except Exception as exc:
                raise failed_node(node, exc) from exc
            values[place.index] = value
            if self._uses[place.index] > 1 and is_consumed_once(value):
                self._once.add(place.index)
            if len(node.places) > 1:
                self._share(node, value)
            if place.children:
                self._finish(place)
        return bind(self._graph.root, {place: self._obtain(place) for place in self._graph.roots()}.__getitem__)

    def _bind(self, place: Place) -> Any:
        # once for each argument: what can be read only once is the same object wherever this call uses it
        return bind_call(place, {child: self._obtain(child) for child in place.children}.__getitem__)

    def _share(self, node: Node, value: Any) -> None:
        """Give the further places of a node their copies."""
        if not is_consumed_once(value):
            for other in node.places[1:]:
                if self._uses[other.index]:
                    copied = copy_for(other, node, value, self._peek, self._is_used)
                    self._values[other.index] = self._call_again(other) if copied is ABSENT else copied
        self._release(shared_children(node))

    def _finish(self, place: Place) -> None:
        if place.index in self._once:
            # it may have to be made again, and then of arguments that nobody has read
            self._kept[place.index] = list(place.children)
            for child in place.children:
                if is_consumed_once(self._values[child.index]):
                    self._values[child.index] = ABSENT
        else:
            self._release(place.children)

    def _release(self, places: tuple[Place, ...]) -> None:
        waiting = list(places)
        while waiting:
            place = waiting.pop()
            self._uses[place.index] -= 1
            if not self._uses[place.index]:
                self._values[place.index] = ABSENT
                waiting.extend(self._kept.pop(place.index, ()))

    def _peek(self, place: Place) -> Any:
        return self._values[place.index]

    def _is_used(self, place: Place) -> bool:
        return self._uses[place.index] > 0

    def _obtain(self, place: Place) -> Any:
        value = self._values[place.index]
        if value is ABSENT:
            value = self._call_again(place)
            if not is_consumed_once(value):
                self._values[place.index] = value
        elif place.index in self._once:
            # the next consumer gets one of its own
            self._values[place.index] = ABSENT
        return value

    def _call_again(self, place: Place) -> Any:
        call = self._bind(place)
        try:
            return call()
        except Exception as exc:
            raise failed_node(self._graph.node_of(place), exc) from exc
