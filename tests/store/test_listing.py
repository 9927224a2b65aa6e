"""Listing: what is shown is there, newest first, and no more is read than is shown."""

from __future__ import annotations

import time

import pytest

from hydra_cached.errors import UsageError
from hydra_cached.store import Store
from hydra_cached.store.listing import Filter, find_keys
from hydra_cached.store.record import ENTRY, STATISTICS
from hydra_cached.store.upkeep import Upkeep
from tests.store.entries import database, describe, key_of, put


def test_summary_tells_what_the_entry_says(store: Store) -> None:
    info = describe()
    stored = store.put(info, store.dump(b"x" * 50_000))
    (summary,) = store.summaries()
    assert summary.key == info.key
    assert (summary.target, summary.path, summary.schema) == ("my.mod.load", "steps.0", 1)
    assert (summary.seconds, summary.created_s) == (info.seconds, info.created_s)
    assert summary.size_bytes == stored.size_bytes >= 50_000
    assert (summary.hits, summary.seconds_saved) == (0, 0.0)


def test_summaries_come_newest_first(store: Store) -> None:
    for number in (2, 3, 1):
        put(store, number, number)
    assert [summary.key for summary in store.summaries()] == [key_of(3), key_of(2), key_of(1)]


def test_hits_and_seconds_saved_add_up(store: Store) -> None:
    for number in (1, 2):
        put(store, number, number)
    store.record_hits({key_of(1): (1, 2.5), key_of(99): (7, 7.0)})
    store.record_hits({key_of(1): (2, 0.5), key_of(2): (1, 1.0)})
    assert {summary.key: (summary.hits, summary.seconds_saved) for summary in store.summaries()} == {
        key_of(1): (3, 3.0),
        key_of(2): (1, 1.0),
    }


def test_summaries_are_filtered_by_target_prefix_and_age(store: Store) -> None:
    now_s = time.time()
    put(store, 1, 0xAAAA0001, target="pkg.load", created_s=now_s)
    put(store, 2, 0xAAAA0002, target="pkg.train", created_s=now_s - 100)
    put(store, 3, 0xBBBB0003, target="other.load", created_s=now_s - 10_000)

    def numbers(**filters: object) -> set[str]:
        return {summary.key[:8] for summary in store.summaries(**filters)}  # type: ignore[arg-type]

    assert numbers(target_glob="pkg.*") == {"aaaa0001", "aaaa0002"}
    assert numbers(target_glob="*.load") == {"aaaa0001", "bbbb0003"}
    assert numbers(target_glob="load") == set()
    assert numbers(key_prefix="aaaa") == {"aaaa0001", "aaaa0002"}
    assert numbers(key_prefix="AAAA0002") == {"aaaa0002"}
    assert numbers(key_prefix=key_of(0xBBBB0003)) == {"bbbb0003"}
    assert numbers(key_prefix="steps.0") == set()
    assert numbers(older_than_s=50) == {"aaaa0002", "bbbb0003"}
    assert numbers(older_than_s=50, target_glob="pkg.*", key_prefix="aa") == {"aaaa0002"}


def test_entries_of_an_older_schema_are_listed(store: Store) -> None:
    put(store, 1, 1, schema=0)
    put(store, 2, 2, schema=7)
    assert [summary.schema for summary in store.summaries()] == [7, 0]


def test_very_long_path_is_listed_by_its_beginning(store: Store) -> None:
    put(store, 1, path="steps." * 2000)
    (summary,) = store.summaries()
    assert summary.path.startswith("steps.steps.")
    entry = store.get(summary.key)
    assert entry is not None
    assert entry.info.path == "steps." * 2000


def test_limit_gives_the_newest(store: Store) -> None:
    for number in (5, 1, 4, 2, 3):
        put(store, number, number, target=f"t{number % 2}")
    assert [summary.key for summary in store.summaries(limit=2)] == [key_of(5), key_of(4)]
    assert [summary.key for summary in store.summaries(limit=2, target_glob="t1")] == [key_of(5), key_of(3)]
    assert store.summaries(limit=0) == []


def test_limit_counts_what_can_be_read(store: Store) -> None:
    for number in range(1, 6):
        put(store, number, number)
    with database(store) as connection:
        connection.execute("UPDATE Cache SET value = x'00' WHERE key = ?", (ENTRY + key_of(5),))
    assert [summary.key for summary in store.summaries(limit=2)] == [key_of(4), key_of(3)]


def test_limited_list_and_count_do_not_read_all_rows(store: Store) -> None:
    for number in range(1, 300):
        put(store, number, number, target=f"pkg.t{number % 3}")
    rows = store.rows()
    assert rows is not None
    connection = rows.index._connect()
    steps: list[int] = []
    connection.set_progress_handler(lambda: steps.append(1), 100)
    store.summaries(limit=3)
    limited = len(steps)
    store.summaries()
    connection.set_progress_handler(None, 0)
    assert limited * 5 < len(steps)
    with database(store) as connection:
        plan = connection.execute(
            "EXPLAIN QUERY PLAN SELECT tag, count(*), total(size) FROM Cache INDEXED BY HydraCachedEntries"
            " WHERE Cache.key >= '01' AND Cache.key < '01g'"
        ).fetchall()
    assert "COVERING INDEX" in plan[0][3]


def test_count_agrees_with_the_list(store: Store) -> None:
    for number in range(1, 20):
        put(store, "x" * number, number, target=f"pkg.t{number % 3}")
    for wanted in (Filter(), Filter("pkg.t1"), Filter(key_prefix="0000001"), Filter(older_than_s=0), Filter("*", "0")):
        listed = store.summaries(
            target_glob=wanted.target_glob, key_prefix=wanted.key_prefix, older_than_s=wanted.older_than_s
        )
        counted = Upkeep(store).count(wanted)
        assert (counted.entries, counted.size_bytes) == (len(listed), sum(each.size_bytes for each in listed))


def test_totals_are_told_by_target(store: Store) -> None:
    put(store, "x" * 1000, 1, target="small")
    put(store, b"x" * 100_000, 2, target="large")
    put(store, "y", 3, target="small")
    store.record_hits({key_of(1): (2, 3.0), key_of(3): (1, 0.5)})
    Upkeep(store).pin([key_of(2)])
    totals = Upkeep(store).totals()
    assert [(each.target, each.entries, each.hits, each.seconds_saved) for each in totals.targets] == [
        ("large", 1, 0, 0.0),
        ("small", 2, 3, 3.5),
    ]
    assert (totals.entries, totals.hits, totals.seconds_saved, totals.pinned) == (3, 3, 3.5, 1)
    assert totals.size_bytes == sum(summary.size_bytes for summary in store.summaries())
    assert totals.disk_bytes == store.size_on_disk() > 100_000


def test_prefix_finds_one_entry_by_its_key_or_by_a_recipe_that_leads_to_it(store: Store) -> None:
    info = put(store, 1, 0xAAAA0001)
    put(store, 2, 0xAAAA0002)
    upkeep = Upkeep(store)
    assert upkeep.find_key("aaaa0001") == info.key
    assert upkeep.find_key((info.recipe_key or "")[:8]) == info.key
    with pytest.raises(UsageError, match="several") as caught:
        upkeep.find_key("aaaa000")
    assert "aaaa0001" in (caught.value.hint or "")
    assert "aaaa0002" in (caught.value.hint or "")
    with pytest.raises(UsageError, match="no result"):
        upkeep.find_key("bbbbbbbb")


def test_prefix_of_a_recipe_whose_entry_is_gone_means_nothing(store: Store) -> None:
    info = put(store, 1)
    entry = store.get(info.key)
    assert entry is not None
    store.discard(entry)
    rows = store.rows()
    assert rows is not None
    assert find_keys(rows, info.recipe_key or "") == []


def test_parents_are_traced_and_told_once(store: Store) -> None:
    put(store, 1, 1)
    put(store, 2, 2, parents=(key_of(1),))
    put(store, 3, 3, parents=(key_of(1), key_of(2), key_of(9)))
    found = Upkeep(store).trace(key_of(3))
    assert [(each.depth, each.key, each.entry is not None, each.is_repeated) for each in found] == [
        (0, key_of(3), True, False),
        (1, key_of(1), True, False),
        (1, key_of(2), True, False),
        (2, key_of(1), True, True),
        (1, key_of(9), False, False),
    ]


def test_ring_of_parents_ends(store: Store) -> None:
    put(store, 1, 1, parents=(key_of(2),))
    put(store, 2, 2, parents=(key_of(1),))
    assert [each.is_repeated for each in Upkeep(store).trace(key_of(1))] == [False, False, True]


def test_row_whose_key_was_damaged_hides_no_sums(store: Store) -> None:
    put(store, "x", 1)
    put(store, "y", 2)
    store.record_hits({key_of(1): (1, 2.0), key_of(2): (1, 3.0)})
    with database(store) as connection:
        for kind in (STATISTICS, ENTRY):
            row_key = kind + key_of(2)
            connection.execute("UPDATE Cache SET key = ? WHERE key = ?", (f"{row_key[:9]}!{row_key[10:]}", row_key))
    totals = Upkeep(store).totals()
    assert (totals.hits, totals.seconds_saved) == (1, 2.0)
