"""The closing line."""

from __future__ import annotations

from hydra_cached.render.report import closing_line
from tests.render.reports import failed, run_report


def test_a_cold_run_closes_with_its_counts_and_time() -> None:
    line = closing_line(run_report(nodes=8, hit=1, ran=7))
    assert line == "done: 8 nodes, 1 hit, 0 cutoff, 7 ran, 0 failed in 4.12 s (saved 0 s)"


def test_skipped_nodes_are_named_so_that_the_counts_add_up() -> None:
    line = closing_line(run_report(nodes=8, hit=1, skipped=7, seconds_saved=125.0))
    assert line == "done: 8 nodes, 1 hit, 0 cutoff, 0 ran, 7 skipped, 0 failed in 4.12 s (saved 2 min 05 s)"


def test_a_failed_run_does_not_close_with_done() -> None:
    line = closing_line(run_report(is_ok=False, error=failed(ValueError()), nodes=1, failed=1))
    assert line.startswith("failed: 1 node, ")


def test_an_interrupted_run_does_not_close_with_done() -> None:
    assert closing_line(run_report(is_ok=False, nodes=2, ran=1, skipped=1)).startswith("interrupted: 2 nodes, ")
