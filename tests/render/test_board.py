"""The lines that tell what is running."""

from __future__ import annotations

from io import StringIO

from rich.console import Console

from hydra_cached.events import (
    Event,
    LookedUp,
    NodeFailed,
    NodeFinished,
    NodeStarted,
    RunStarted,
    Surveyed,
    Warned,
)
from hydra_cached.render.board import Board, Painter


def started(number: int, expected_s: float | None = None) -> NodeStarted:
    return NodeStarted(f"steps.{number}", "pkg.fit", "new", "", expected_s)


def finished(number: int, status: str = "ran") -> NodeFinished:
    return NodeFinished(f"steps.{number}", "pkg.fit", status, 1.0, None, False)


def board_after(*events: Event) -> Board:
    board = Board()
    for event in events:
        board(event)
    return board


def lines(board: Board, columns: int = 80, row_count: int | None = None) -> list[str]:
    painter = Painter(board, Console(file=StringIO(), color_system=None))
    painted = painter.paint(columns, board.count_rows() if row_count is None else row_count)
    return [line.rstrip() for line in painted]


def counts(board: Board) -> str:
    """What the first line says behind its bar, without the time."""
    return lines(board)[0].partition(" ")[2].rpartition(", ")[0].strip()


def test_what_is_below_a_hit_is_no_part_of_the_work() -> None:
    board = board_after(RunStarted("id", "conf", 100), Surveyed(10), finished(1, "hit"), finished(2, "cutoff"))
    board(started(3))
    board(finished(3))

    assert counts(board) == "3 of 10, 2 reused"


def test_a_node_that_is_settled_besides_does_not_make_more_than_all() -> None:
    assert counts(board_after(RunStarted("id", "conf", 1), finished(1), finished(2))) == "2 of 2"


def test_failures_are_counted() -> None:
    board = board_after(RunStarted("id", "conf", 3), started(1), NodeFailed("steps.1", "pkg.fit", "ValueError"))

    assert counts(board) == "1 of 3, 1 failed"
    assert len(lines(board)) == 1


def test_other_events_change_nothing() -> None:
    board = board_after(
        RunStarted("id", "conf", 3), LookedUp("a", "pkg.f", "recipe", "0" * 64, True), Warned("a", "careful")
    )

    assert counts(board) == "0 of 3"


def test_what_runs_is_named_the_oldest_first_with_the_time_it_is_expected_to_take() -> None:
    board = board_after(RunStarted("id", "conf", 9, workers=4), *[started(number, number * 60.0) for number in (2, 1)])

    assert counts(board) == "0 of 9, 2 of 4 workers busy"
    second, first = lines(board)[1:]
    assert second.startswith("  steps.2 (pkg.fit)  ")
    assert second.endswith(" of about 2 min 00 s")
    assert first.endswith(" of about 1 min 00 s")
    assert lines(board_after(started(1)))[1].split()[:2] == ["steps.1", "(pkg.fit)"]
    assert "of about" not in lines(board_after(started(1)))[1]


def test_more_than_there_is_room_for_are_counted() -> None:
    board = board_after(RunStarted("id", "conf", 20, workers=16), *map(started, range(16)))

    assert board.count_rows() == 5
    assert [line.split()[0] for line in lines(board)[1:4]] == ["steps.0", "steps.1", "steps.2"]
    assert lines(board)[4] == "  and 13 more"
    assert lines(board, row_count=2)[1:] == ["  and 16 more"]


def test_equal_calls_of_a_sweep_end_one_by_one() -> None:
    board = board_after(RunStarted("id", "conf", 9, workers=2), started(1), started(1), finished(1))

    assert counts(board) == "1 of 9, 1 of 2 workers busy"
    assert len(lines(board)) == 2


def test_long_names_are_cut_and_the_time_stays() -> None:
    board = board_after(NodeStarted("a" * 50, "pkg." + "b" * 50, "new", "", 3600.0))

    [_, row] = lines(board, columns=60)
    assert len(row) == 60
    assert row.endswith(" of about 1 h 00 min")
    assert all(len(line) <= 30 for line in lines(board, columns=30))
