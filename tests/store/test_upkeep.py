"""Listing and removing: what is shown is there, and what is removed is gone from the disk."""

from __future__ import annotations

import time

import pytest

from hydra_cached.store import Store
from hydra_cached.store.record import LINK
from tests.store.entries import database, describe, key_of, objects_of, put


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


def test_removed_bytes_are_really_freed_on_disk(store: Store) -> None:
    for number in range(1, 20):
        put(store, bytes([number]) * (20_000 if number % 2 else 200_000), number)
    put(store, "kept", 99)
    before_bytes = store.size_on_disk()
    freed_bytes = store.remove(key_of(number) for number in range(1, 20))
    assert before_bytes - store.size_on_disk() == freed_bytes
    assert freed_bytes > 9 * 200_000 + 9 * 20_000
    assert objects_of(store) == []
    assert [summary.key for summary in store.summaries()] == [key_of(99)]
    assert store.size_on_disk() < 200_000


def test_removed_result_is_found_neither_by_recipe_nor_by_key(store: Store) -> None:
    info = put(store, 1)
    store.link(key_of(77), info.key)
    store.remove([info.key])
    assert store.find(info.recipe_key or "") is None
    assert store.find(key_of(77)) is None
    assert store.get(info.key) is None


def test_removal_leaves_no_row_behind(store: Store) -> None:
    info = put(store, b"x" * 100_000)
    store.link(key_of(77), info.key)
    store.record_hits({info.key: (1, 1.0)})
    store.remove([info.key])
    with database(store) as connection:
        assert connection.execute("SELECT count(*) FROM Cache").fetchone() == (0,)


def test_removal_leaves_the_links_and_statistics_of_others(store: Store) -> None:
    put(store, 1, 1)
    info = put(store, 2, 2)
    store.record_hits({info.key: (1, 1.0)})
    store.remove([key_of(1)])
    assert store.find(info.recipe_key or "") is not None
    assert store.latest(info.target, info.path) == [info]
    assert store.summaries()[0].hits == 1
    with database(store) as connection:
        links = connection.execute("SELECT count(*) FROM Cache WHERE key GLOB ?", (LINK + "*",)).fetchone()
    assert links == (1,)


def test_object_that_another_entry_uses_stays(store: Store) -> None:
    put(store, b"x" * 100_000, 1)
    put(store, b"x" * 100_000, 2)
    store.remove([key_of(1)])
    entry = store.get(key_of(2))
    assert entry is not None
    assert store.load(entry) == b"x" * 100_000
    store.remove([key_of(2)])
    assert objects_of(store) == []


def test_removing_unknown_keys_frees_nothing(store: Store) -> None:
    put(store, 1, 1)
    store.remove([])
    assert store.remove([key_of(5)]) == 0
    assert len(store.summaries()) == 1


def test_clear_removes_all_there_is(store: Store) -> None:
    for number in range(1, 5):
        put(store, bytes([number]) * 100_000, number)
    orphan = objects_of(store)[0].with_name("0" * 64)
    orphan.write_bytes(b"left by a writer that died")
    (store.directory / "aside").mkdir()
    (store.directory / "aside" / "damaged").write_bytes(b"x" * 1000)
    before_bytes = store.size_on_disk()
    assert before_bytes - store.clear() == store.size_on_disk()
    assert objects_of(store) == []
    assert list((store.directory / "aside").iterdir()) == []
    assert store.summaries() == []
    put(store, 1)
    assert len(store.summaries()) == 1


@pytest.mark.parametrize("age_s", [0, 2 * 24 * 3600], ids=["young", "old"])
def test_clear_leaves_the_temporary_file_of_a_living_writer(store: Store, age_s: float) -> None:
    import os

    put(store, b"x" * 100_000)
    temporary = objects_of(store)[0].with_name(".f00.123.tmp")
    temporary.write_bytes(b"half")
    os.utime(temporary, (time.time() - age_s, time.time() - age_s))
    store.clear()
    assert temporary.exists() == (age_s == 0)


def test_more_entries_than_one_batch_are_removed(store: Store) -> None:
    payload = store.dump(1)
    for number in range(1, 1050):
        store.put(describe(number, recipe_key=None), payload)
    store.remove([summary.key for summary in store.summaries()])
    assert store.summaries() == []
