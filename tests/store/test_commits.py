"""Entries: what is said of a result is found again, and the first commit wins."""

from __future__ import annotations

import copy
import dataclasses
import pickle
from concurrent.futures import ThreadPoolExecutor
from operator import attrgetter
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from hydra_cached.errors import EntryUnreadableError, StoreError
from hydra_cached.store import EntryInfo, Store, record
from hydra_cached.store.seal import Seal, load_key
from tests.store.entries import database, describe, key_of, objects_of, put, read_row, write_row

_texts = st.text(alphabet=st.characters(codec=None), max_size=20)
_keys = st.none() | st.integers(0, 2**32).map(key_of)


@given(
    info=st.builds(
        EntryInfo,
        key=st.integers(0, 2**32 - 1).map(key_of),
        call_key=_keys,
        recipe_key=_keys,
        content_digest=_keys,
        target=_texts,
        path=_texts,
        config=_texts,
        code=_texts,
        seconds=st.floats(0, 1e9),
        created_s=st.floats(0, 1e11),
        arguments=st.lists(st.tuples(_texts, _texts), max_size=3).map(tuple),
        parents=st.lists(_texts, max_size=3).map(tuple),
        holds=st.lists(_texts, max_size=3).map(tuple),
        versions=st.lists(st.tuples(_texts, _texts), max_size=3).map(tuple),
        schema=st.integers(0, 2**40),
        tree_seconds=st.floats(0, 1e9),
    )
)
@settings(deadline=None, max_examples=60, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_all_that_is_said_of_a_result_is_found_again(store: Store, info: EntryInfo) -> None:
    store.clear()
    store.put(info, store.dump(7))
    entry = store.get(info.key)
    assert entry is not None
    assert entry.info == info
    (summary,) = store.summaries()
    assert (summary.key, summary.schema, summary.created_s) == (info.key, info.schema, info.created_s)


def _use(use: str, info: EntryInfo) -> object:
    if use == "copied":
        return copy.deepcopy(info)
    if use == "pickled":
        return pickle.loads(pickle.dumps(info))
    if use == "replaced":
        return dataclasses.replace(info, path=info.path)
    if use == "hashed":
        return hash(info) == hash(info) and info
    if use == "printed":
        return info if info.config in repr(info) else None
    return info


@pytest.mark.parametrize("use", ["compared", "copied", "pickled", "replaced", "hashed", "printed"])
def test_info_that_is_read_late_is_like_any_other(store: Store, use: str) -> None:
    info = put(store, 1)
    entry = store.get(info.key)
    assert entry is not None
    assert _use(use, entry.info) == info
    with pytest.raises(AttributeError, match="no_such_field"):
        entry.info.no_such_field  # type: ignore[attr-defined]  # noqa: B018
    with pytest.raises(dataclasses.FrozenInstanceError):
        entry.info.path = "other"  # type: ignore[misc]


def test_info_that_threads_ask_at_once_is_read_for_all(store: Store) -> None:
    info = put(store, 1)
    for _ in range(50):
        entry = store.get(info.key)
        assert entry is not None
        with ThreadPoolExecutor(4) as threads:
            assert set(threads.map(attrgetter("info.config"), [entry] * 8)) == {info.config}


def test_result_is_found_by_recipe_and_by_key(store: Store) -> None:
    info = describe()
    stored = store.put(info, store.dump([1, 2]))
    assert store.find(info.recipe_key or "") == store.get(info.key) == stored
    assert store.find(info.key) is None
    assert store.get(info.recipe_key or "") is None


def test_unknown_keys_are_not_found(store: Store) -> None:
    assert store.find(key_of(1)) is None
    assert store.get(key_of(1)) is None


def test_first_commit_wins_and_gets_the_second_recipe(store: Store) -> None:
    put(store, "first")
    second = store.put(describe(recipe_key=key_of(99), target="other"), store.dump("second"))
    found = store.find(key_of(99))
    assert found == second
    assert found.info.target == "my.mod.load"
    assert store.load(found) == "first"


def test_losing_commit_leaves_no_object_behind(store: Store) -> None:
    put(store, b"first" * 100_000)
    put(store, b"second" * 100_000)
    assert len(objects_of(store)) == 1


def test_replace_writes_over_a_good_entry_and_frees_its_object(store: Store) -> None:
    put(store, b"first" * 100_000)
    info = describe(seconds=9.0)
    store.put(info, store.dump(b"second" * 100_000), replace=True)
    entry = store.get(info.key)
    assert entry is not None
    assert entry.info == info
    assert store.load(entry) == b"second" * 100_000
    assert len(objects_of(store)) == 1


def test_link_leads_another_recipe_to_an_entry(store: Store) -> None:
    info = put(store, 1)
    store.link(key_of(99), info.key)
    assert store.find(key_of(99)) == store.get(info.key)


def test_link_can_be_moved_to_another_entry(store: Store) -> None:
    put(store, 1, 1)
    put(store, 2, 2)
    store.link(key_of(99), key_of(1))
    store.link(key_of(99), key_of(2))
    found = store.find(key_of(99))
    assert found is not None
    assert found.key == key_of(2)


def test_link_follows_its_seal_and_not_the_tag_beside_it(store: Store) -> None:
    info = put(store, 1, 1)
    put(store, 2, 2)
    row_key = record.LINK + (info.recipe_key or "")
    write_row(store, row_key, read_row(store, row_key), tag=key_of(2))
    found = store.find(info.recipe_key or "")
    assert found is not None
    assert found.key == info.key


def test_entry_without_recipe_is_found_by_its_key_only(store: Store) -> None:
    info = put(store, 1, recipe_key=None)
    assert store.get(info.key) is not None


def test_latest_tells_of_the_last_results_of_a_place(store: Store) -> None:
    before = put(store, 1, 1)
    last = put(store, 2, 2)
    put(store, 3, 3, path="elsewhere")
    put(store, 4, 4, target="other.target")
    assert store.latest("my.mod.load", "steps.0") == [last, before]
    assert store.latest("my.mod.load", "nowhere") == []


def test_latest_tells_of_no_removed_result(store: Store) -> None:
    info = put(store, 1)
    store.remove([info.key])
    assert store.latest(info.target, info.path) == []


def test_discarded_entry_is_not_found_and_can_be_put_again(store: Store) -> None:
    entry = store.put(describe(), store.dump(b"x" * 100_000))
    store.discard(entry)
    assert store.find(entry.info.recipe_key or "") is None
    put(store, "new")
    found = store.get(entry.key)
    assert found is not None
    assert store.load(found) == "new"


def test_key_that_is_not_hexadecimal_is_refused(store: Store) -> None:
    with pytest.raises(TypeError, match="hexadecimal"):
        put(store, 1, key="../../etc/passwd", recipe_key=None)


def test_record_of_an_earlier_release_with_fewer_fields_is_read(store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    info = describe(tree_seconds=4.0)
    with monkeypatch.context() as patched:
        patched.setattr(record, "_noted_of", lambda info: attrgetter(*record._NOTED[:9])(info))
        store.put(info, store.dump("old"))
    entry = store.get(info.key)
    assert entry is not None
    assert store.load(entry) == "old"
    assert entry.info == dataclasses.replace(info, arguments=(), versions=(), schema=0, tree_seconds=0.0)


def test_record_of_a_later_release_is_unreadable_and_kept(store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    with monkeypatch.context() as patched:
        patched.setattr(record, "_VERSION", 2)
        info = put(store, 1)
    with pytest.raises(EntryUnreadableError, match="later"):
        store.get(info.key)
    assert store.summaries() == []
    with database(store) as connection:
        assert connection.execute(
            "SELECT count(*) FROM Cache WHERE key = ?", (record.ENTRY + info.key,)
        ).fetchone() == (1,)


def test_rows_are_bytes_under_hexadecimal_keys_only(store: Store) -> None:
    put(store, 1, 1)
    put(store, b"x" * 100_000, 2)
    store.record_hits({key_of(1): (1, 1.0)})
    with database(store) as connection:
        rows: list[Any] = connection.execute("SELECT key, raw, mode, filename, typeof(value) FROM Cache").fetchall()
    assert len(rows) >= 6
    for key, raw, mode, filename, kind in rows:
        assert set(key) <= set("0123456789abcdef")
        assert (raw, mode, filename, kind) == (1, 1, None, "blob")


def test_nothing_can_be_put_where_there_is_no_directory(store: Store, tmp_path: Any) -> None:
    absent = Store(tmp_path / "absent", create=False)
    with pytest.raises(StoreError, match="no cache directory"):
        put(absent, 1)


def test_seal_covers_store_and_row() -> None:
    key = load_key()
    sealed = Seal(key, b"store one").wrap("01aa", b"body")
    assert Seal(key, b"store one").unwrap("01aa", sealed) == b"body"
    for other, row_key in ((Seal(key, b"store two"), "01aa"), (Seal(key, b"store one"), "01ab")):
        with pytest.raises(Exception, match="seal of your key"):
            other.unwrap(row_key, sealed)
