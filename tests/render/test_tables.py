"""The table of stored results."""

from __future__ import annotations

import time
from typing import Any

import pytest

from hydra_cached.render.tables import entries_document, print_entries
from hydra_cached.store import EntrySummary
from hydra_cached.store.listing import TargetTotals


def entry(**changes: Any) -> EntrySummary:
    values: dict[str, Any] = {
        "key": "0123456789abcdef" * 4,
        "target": "pkg.encode",
        "path": "model.encoder",
        "size_bytes": 3_400_000,
        "seconds": 1.5,
        "created_s": time.time() - 7200,
        "hits": 2,
        "seconds_saved": 3.0,
        "schema": 1,
    }
    return EntrySummary(**{**values, **changes})


def test_a_row_tells_key_target_size_time_age_and_savings(capsys: pytest.CaptureFixture[str]) -> None:
    print_entries([entry()])
    head, row, total = capsys.readouterr().out.splitlines()
    assert head.split() == ["key", "target", "size", "seconds", "age", "saved"]
    assert row.split("  ") == ["0123456789ab", "pkg.encode", "3.4 MB", " 1.50 s", "2 h", "3.00 s"]
    assert total == "1 entry, 3.4 MB, saved 3.00 s so far"


def test_a_pipe_gets_long_target_ids_whole_and_on_one_line(capsys: pytest.CaptureFixture[str]) -> None:
    target = "pkg." + "a_very_long_name." * 30 + "encode"
    print_entries([entry(target=target), entry()])
    lines = capsys.readouterr().out.splitlines()
    assert len(lines) == 4
    assert target in lines[1]
    assert all(line == line.rstrip() for line in lines)


@pytest.mark.parametrize("target", ["pkg." + "a" * 40, "pkg." + "\u5165" * 30], ids=["narrow", "wide"])
def test_a_pipe_gets_a_target_whole_where_the_numbers_are_narrower_than_their_headers(
    capsys: pytest.CaptureFixture[str], target: str
) -> None:
    print_entries([entry(target=target, seconds=0.0)])
    assert target in capsys.readouterr().out.splitlines()[1]


def test_what_looks_like_markup_is_printed_as_it_is(capsys: pytest.CaptureFixture[str]) -> None:
    print_entries([entry(target="pkg.steps[bold].f")])
    assert "pkg.steps[bold].f" in capsys.readouterr().out


def test_a_part_of_what_is_stored_is_told_beside_the_whole(capsys: pytest.CaptureFixture[str]) -> None:
    print_entries([entry()], whole=TargetTotals("", 3, 10_200_000))
    lines = capsys.readouterr().out.splitlines()
    assert len(lines) == 3
    assert lines[2] == "3 entries, 10.2 MB; shown are the newest 1"


def test_the_document_has_whole_keys_and_plain_numbers() -> None:
    (document,) = entries_document([entry()])
    age = document.pop("age_seconds")
    created = document.pop("created")
    assert 7200 <= age < 7260
    assert created == pytest.approx(time.time() - 7200, abs=60)
    assert document == {
        "key": "0123456789abcdef" * 4,
        "target": "pkg.encode",
        "path": "model.encoder",
        "size_bytes": 3_400_000,
        "seconds": 1.5,
        "hits": 2,
        "seconds_saved": 3.0,
        "schema": 1,
    }
