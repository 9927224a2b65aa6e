"""Runs a whole graph in this process when nothing is looked up, digested or stored: only the calls, and the sharing.

The scheduler would do the same in more steps; what a call costs beyond the target's own time matters most here.
"""

from __future__ import annotations

from typing import Any

from hydra_cached.execution.values import ABSENT, copy_value
from hydra_cached.execution.worker import failed_node, is_consumed_once
from hydra_cached.graph import Graph, Place, bind, bind_call


def run_directly(graph: Graph) -> Any:
    """The value of the pipeline. Every node is called once, in topological order; values go with their last consumer.

    Raises:
        NodeFailedError: a target raised.
    """
    return _DirectRun(graph).run()


class _DirectRun:
    """One run. Values and numbers of consumers still to come are lists by place index."""

    def __init__(self, graph: Graph) -> None:
        self._graph = graph
        count = len(graph.node_of_place)
        self._values: list[Any] = [ABSENT] * count
        self._uses = [0] * count
        for node in graph.nodes:
            for child in node.places[0].children:
                self._uses[child.index] += 1
        for place in graph.roots():
            self._uses[place.index] += 1

    def run(self) -> Any:
        values, uses, obtain = self._values, self._uses, self._obtain
        for node in self._graph.nodes:
            place = node.places[0]
            # outside of try: what fails in there belongs to another node
            call = None if place.is_leaf and not place.is_partial else bind_call(place, obtain)
            try:
                value = place.target(*place.args, **place.kwargs) if call is None else call()
            except Exception as exc:
                raise failed_node(node, exc) from exc
            values[place.index] = value
            if len(node.places) > 1 and not is_consumed_once(value):
                for other in node.places[1:]:
                    if uses[other.index]:
                        values[other.index] = copy_value(value)
            if place.children and not is_consumed_once(value):
                self._release(place)
        return bind(self._graph.root, obtain)

    def _release(self, place: Place) -> None:
        for child in place.children:
            self._uses[child.index] -= 1
            if not self._uses[child.index]:
                self._values[child.index] = ABSENT

    def _obtain(self, place: Place) -> Any:
        value = self._values[place.index]
        if value is ABSENT:
            return self._call_again(place)
        if is_consumed_once(value):
            # the next consumer gets one of its own
            self._values[place.index] = ABSENT
        return value

    def _call_again(self, place: Place) -> Any:
        call = bind_call(place, self._obtain)
        try:
            value = call()
        except Exception as exc:
            raise failed_node(self._graph.node_of(place), exc) from exc
        if self._uses[place.index] and not is_consumed_once(value):
            self._values[place.index] = value
        return value
