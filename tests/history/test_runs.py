"""Runs are written down, bounded, found by their ids, and tell no secrets."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hydra_cached.errors import UsageError
from hydra_cached.history import PastNode, list_heads, load_run, record_run
from hydra_cached.history.runs import KEEP_RUNS, _pack_nodes, _unpack_nodes
from hydra_cached.store import Store
from tests.history.runs import key, past_node, past_run
from tests.store.entries import database, read_row, write_row

keys = st.none() | st.integers(0, 2**256 - 1).map(key)
nodes = st.builds(
    past_node, st.text(), target=st.text(), detail=st.text(), recipe_key=keys, call_key=keys, seconds=st.floats(0, 1e9)
)


def numbers(store: Store) -> list[int]:
    """Numbers of the runs that are kept, the newest first."""
    return [int(head.run_id.rpartition("-")[2], 16) for head in list_heads(store)]


def row_keys(store: Store) -> list[str]:
    with database(store) as connection:
        return [name for (name,) in connection.execute("SELECT key FROM Cache WHERE key LIKE '0a%' ORDER BY key")]


def test_a_run_comes_back_as_it_was_written(store: Store) -> None:
    run = past_run(1, past_node(), past_node("", status="skipped", reason="", detail="", call_key=None))
    record_run(store, run)

    assert load_run(store, run.head.run_id) == run
    assert list_heads(store) == [run.head]


@given(st.lists(nodes))
def test_nodes_survive_packing(given_nodes: list[PastNode]) -> None:
    assert _unpack_nodes(_pack_nodes(given_nodes)) == tuple(given_nodes)


def test_the_newest_come_first_and_can_be_limited(store: Store) -> None:
    for number in (2, 3, 1):
        record_run(store, past_run(number))

    assert numbers(store) == [3, 2, 1]
    assert [head.started_s - 1_700_000_000 for head in list_heads(store, limit=2)] == [3, 2]


def test_the_oldest_are_forgotten(store: Store) -> None:
    for number in range(1, 8):
        record_run(store, past_run(number), keep=3)

    assert numbers(store) == [7, 6, 5]
    assert len(row_keys(store)) == 6
    assert KEEP_RUNS == 1_000


def test_runs_take_a_bounded_room_but_the_newest_stays(store: Store) -> None:
    many = [past_node(f"steps.{number}", recipe_key=key(number)) for number in range(1000)]
    for number in range(1, 4):
        record_run(store, past_run(number))
    record_run(store, past_run(4, *many), keep_bytes=50_000)
    assert numbers(store) == [4]
    record_run(store, past_run(5), keep_bytes=50_000)
    assert numbers(store) == [5]
    assert len(row_keys(store)) == 2


@pytest.mark.parametrize(
    "given_id", ["20240102-030400-00000001", "20240102-030400-00000001"[:20], "00000001", "0000000"]
)
def test_a_run_is_found_by_what_its_id_or_the_end_of_it_begins_with(given_id: str, store: Store) -> None:
    record_run(store, past_run(1))
    record_run(store, past_run(0x10000000))

    assert load_run(store, given_id).head.started_s == 1_700_000_001


@pytest.mark.parametrize(
    ("given_id", "message", "hint"),
    [
        ("20240102", '"20240102" names 2 runs', "20240102-030400-00000002, 20240102-030400-00000001"),
        ("0000", '"0000" names 2 runs', "name one of"),
        ("ffff", 'no run "ffff" in "', "the newest are 20240102-030400-00000002"),
        ("", 'no run "" in "', "the newest are"),
    ],
)
def test_an_id_that_names_no_run_or_several_is_refused(given_id: str, message: str, hint: str, store: Store) -> None:
    record_run(store, past_run(1))
    record_run(store, past_run(2))

    with pytest.raises(UsageError) as caught:
        load_run(store, given_id)

    assert message in caught.value.message
    assert hint in (caught.value.hint or "")


def test_without_runs_the_hint_says_how_they_come_about(store: Store, tmp_path: Path) -> None:
    for each in (store, Store(tmp_path / "absent", create=False)):
        assert list_heads(each) == []
        with pytest.raises(UsageError) as caught:
            load_run(each, "x")
        assert caught.value.hint == "runs with -p are kept"


def test_secrets_are_not_written_down(store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("MY_API_KEY", "hunter22")
    run = past_run(1, past_node(detail="key=hunter22"), overrides=("key=hunter22",), error="no such key: hunter22")
    record_run(store, run)

    found = load_run(store, run.head.run_id)
    assert (found.head.overrides, found.head.error) == (("key=***",), "no such key: ***")
    assert found.nodes[0].detail == "key=***"
    assert b"hunter22" not in b"".join(read_row(store, name) for name in row_keys(store))


def test_a_changed_row_is_not_believed(store: Store) -> None:
    record_run(store, past_run(1))
    record_run(store, past_run(2))
    [old_head, old_body, _, _] = row_keys(store)
    write_row(store, old_body, read_row(store, old_body)[:-1] + b"?")
    with pytest.raises(UsageError, match="damaged or gone"):
        load_run(store, "00000001")

    write_row(store, old_head, read_row(store, old_head).replace(b"conf", b"fonc"))
    assert numbers(store) == [2]


def test_clearing_the_store_clears_its_history(store: Store) -> None:
    record_run(store, past_run(1))
    store.clear()

    assert list_heads(store) == []
