"""Garbage: what is old, superseded or cheapest goes; what is pinned or in use stays."""

from __future__ import annotations

import time

import pytest

from hydra_cached.store import Store
from hydra_cached.store.garbage import Limits
from hydra_cached.store.upkeep import Upkeep
from tests.store.entries import database, key_of, objects_of, put


def _numbers(store: Store) -> list[int]:
    return sorted(int(summary.key[:8], 16) for summary in store.summaries())


def _size(store: Store) -> int:
    """Bytes on disk once nobody has the index open."""
    store.close()
    return store.size_on_disk()


def test_cheapest_seconds_per_byte_go_first(store: Store) -> None:
    put(store, b"a" * 200_000, 1, seconds=100.0)
    put(store, b"b" * 200_000, 2, seconds=1.0)
    put(store, b"c" * 400_000, 3, seconds=150.0)
    put(store, b"d" * 100_000, 4, seconds=300.0)
    upkeep = Upkeep(store)
    assert [int(each.key[:8], 16) for each in upkeep.choose(Limits(max_size_bytes=0))] == [2, 3, 1, 4]
    upkeep.collect(Limits(max_size_bytes=_size(store) - 1))
    assert _numbers(store) == [1, 3, 4]
    upkeep.collect(Limits(max_size_bytes=_size(store) - 150_000))
    assert _numbers(store) == [1, 4]


@pytest.mark.parametrize(("size", "count"), [(100, 600), (50_000, 60)], ids=["in the index", "in objects"])
def test_store_gets_as_small_as_was_asked_for(store: Store, size: int, count: int) -> None:
    for number in range(1, count):
        put(store, number.to_bytes(2, "big") * (size // 2), number, seconds=float(number))
    wanted_bytes = _size(store) // 2
    freed = Upkeep(store).collect(Limits(max_size_bytes=wanted_bytes))
    assert _size(store) <= wanted_bytes
    left = _numbers(store)
    assert left == list(range(count - len(left), count)), "the dearest stay"
    assert freed.entries == count - 1 - len(left)
    assert len(left) > count // 4


def test_store_within_its_limit_loses_nothing(store: Store) -> None:
    put(store, 1)
    assert Upkeep(store).collect(Limits(max_size_bytes=10**12)).entries == 0
    assert _numbers(store) == [1]


def test_pinned_entries_stay_whatever_the_limits(store: Store) -> None:
    for number in (1, 2, 3):
        put(store, b"x" * 50_000 * number, number)
    upkeep = Upkeep(store)
    upkeep.pin([key_of(2), key_of(77)])
    upkeep.collect(Limits(max_size_bytes=0, max_age_s=0.0, is_unreferenced_dropped=True, kept=frozenset()))
    assert _numbers(store) == [2]
    upkeep.pin([key_of(2)], is_pinned=False)
    upkeep.collect(Limits(max_age_s=0.0))
    assert _numbers(store) == []


def test_pin_goes_with_its_entry(store: Store) -> None:
    put(store, 1)
    upkeep = Upkeep(store)
    upkeep.pin([key_of(1)])
    store.remove([key_of(1)])
    assert upkeep.pinned() == set()
    with database(store) as connection:
        assert connection.execute("SELECT count(*) FROM Cache").fetchone() == (0,)


def test_age_counts_from_when_an_entry_was_made_or_last_found(store: Store) -> None:
    now_s = time.time()
    for number, age_s in ((1, 10.0), (2, 1000.0), (3, 1000.0)):
        put(store, number, number, created_s=now_s - age_s)
    store.record_hits({key_of(3): (1, 1.0)})
    Upkeep(store).collect(Limits(max_age_s=100.0))
    assert _numbers(store) == [1, 3]


def test_superseded_results_are_unreferenced_and_parents_of_the_last_are_not(store: Store) -> None:
    put(store, 1, 1, path="step")
    put(store, 2, 2, path="")
    put(store, 3, 3, path="step", parents=())
    put(store, 4, 4, path="", parents=(key_of(1),))
    put(store, 5, 5, path="other")
    Upkeep(store).collect(Limits(is_unreferenced_dropped=True))
    assert _numbers(store) == [1, 3, 4, 5]


def test_what_a_pipeline_keeps_stays_and_alone_it_drops_the_rest(store: Store) -> None:
    for number in (1, 2, 3):
        put(store, number, number)
    upkeep = Upkeep(store)
    assert upkeep.choose(Limits(max_size_bytes=10**12, kept=frozenset([key_of(2)]))) == []
    upkeep.collect(Limits(kept=frozenset([key_of(2)])))
    assert _numbers(store) == [2]


def test_shared_object_is_dropped_with_all_its_entries_or_not_at_all(store: Store) -> None:
    put(store, b"x" * 200_000, 1, seconds=1.0)
    put(store, b"x" * 200_000, 2, seconds=1.0)
    put(store, b"y" * 100_000, 3, seconds=5.0)
    upkeep = Upkeep(store)
    upkeep.pin([key_of(1)])
    upkeep.collect(Limits(max_size_bytes=_size(store) - 90_000))
    assert _numbers(store) == [1, 2], "dropping one of two frees next to nothing"
    upkeep.pin([key_of(1)], is_pinned=False)
    upkeep.collect(Limits(max_size_bytes=_size(store) - 90_000))
    assert _numbers(store) == []
    assert objects_of(store) == []


def test_absent_store_has_nothing_to_collect(store: Store) -> None:
    absent = Upkeep(Store(store.directory / "absent", create=False))
    assert absent.choose(Limits(max_age_s=0)) == []
    assert absent.collect(Limits(max_age_s=0)).entries == 0
    assert absent.totals().entries == 0


def test_reader_that_keeps_the_index_from_shrinking_does_not_cost_more_entries(store: Store) -> None:
    for number in range(1, 60):
        put(store, number.to_bytes(2, "big") * 5000, number, seconds=float(number))
    half_bytes = _size(store) // 2
    with database(store) as connection:
        connection.execute("BEGIN")
        connection.execute("SELECT count(*) FROM Cache").fetchone()
        Upkeep(store).collect(Limits(max_size_bytes=half_bytes))
        connection.execute("ROLLBACK")
    assert 20 < len(_numbers(store)) < 35


def test_what_was_set_aside_goes_before_any_entry(store: Store) -> None:
    put(store, b"x" * 100_000, 1)
    aside = store.directory / "aside"
    (aside / "index.1").mkdir(parents=True)
    (aside / "index.1" / "cache.db").write_bytes(bytes(500_000))
    (aside / "object").write_bytes(bytes(500_000))
    upkeep = Upkeep(store)
    assert upkeep.collect(Limits(max_size_bytes=10**9)).disk_bytes == 0
    assert len(list(aside.iterdir())) == 2, "it is kept for inspection"
    freed = upkeep.collect(Limits(max_size_bytes=400_000))
    assert (freed.entries, freed.disk_bytes) == (0, 1_000_000)
    assert list(aside.iterdir()) == []
    (aside / "object").write_bytes(bytes(500))
    time.sleep(0.01)
    upkeep.collect(Limits(max_age_s=0.005, kept=frozenset([key_of(1)])))
    assert list(aside.iterdir()) == []
    assert _numbers(store) == [1]
