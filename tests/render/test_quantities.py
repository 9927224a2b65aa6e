"""Sizes and times as people read them."""

from __future__ import annotations

import pytest

from hydra_cached.render.quantities import format_age, format_count, format_seconds, format_size


@pytest.mark.parametrize(
    ("size_bytes", "text"),
    [
        (0, "0 B"),
        (999, "999 B"),
        (1000, "1.0 kB"),
        (999_960, "1.0 MB"),
        (3_400_000, "3.4 MB"),
        (5 * 10**18, "5000.0 PB"),
    ],
)
def test_sizes_have_decimal_units(size_bytes: int, text: str) -> None:
    assert format_size(size_bytes) == text


@pytest.mark.parametrize(
    ("seconds", "text"),
    [(0.0, "0.00 s"), (59.99, "59.99 s"), (59.999, "1 min 0 s"), (3599.9, "1 h 0 min"), (90_000, "1 d 1 h")],
)
def test_seconds_have_hundredths_below_a_minute_and_two_units_above(seconds: float, text: str) -> None:
    assert format_seconds(seconds) == text


@pytest.mark.parametrize(("seconds", "text"), [(-5, "0 s"), (59.9, "59 s"), (60, "1 min"), (86_400, "1 d")])
def test_ages_have_one_unit(seconds: float, text: str) -> None:
    assert format_age(seconds) == text


@pytest.mark.parametrize(
    ("count", "noun", "text"), [(1, "entry", "1 entry"), (0, "entry", "0 entries"), (2, "node", "2 nodes")]
)
def test_counts_agree_with_their_noun(count: int, noun: str, text: str) -> None:
    assert format_count(count, noun) == text
