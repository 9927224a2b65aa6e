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
    [
        (0.0, "0 s"),
        (0.0000002, "1 µs"),
        (0.0000026, "3 µs"),
        (0.0009999, "1.0 ms"),
        (0.0026, "2.6 ms"),
        (0.00999, "10 ms"),
        (0.0204, "20 ms"),
        (0.9999, "1.00 s"),
        (4.391, "4.39 s"),
        (59.99, "59.99 s"),
        (59.999, "1 min 00 s"),
        (125, "2 min 05 s"),
        (3599.9, "1 h 00 min"),
        (3725, "1 h 02 min"),
        (90_000, "1 d 01 h"),
    ],
)
def test_seconds_have_the_unit_that_fits_and_from_a_minute_on_two(seconds: float, text: str) -> None:
    assert format_seconds(seconds) == text


@pytest.mark.parametrize(("seconds", "text"), [(-5, "0 s"), (59.9, "59 s"), (60, "1 min"), (86_400, "1 d")])
def test_ages_have_one_unit(seconds: float, text: str) -> None:
    assert format_age(seconds) == text


@pytest.mark.parametrize(
    ("count", "noun", "text"), [(1, "entry", "1 entry"), (0, "entry", "0 entries"), (2, "node", "2 nodes")]
)
def test_counts_agree_with_their_noun(count: int, noun: str, text: str) -> None:
    assert format_count(count, noun) == text
