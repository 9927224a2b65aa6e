"""Entries for tests, and ways to reach under the store's feet."""

from __future__ import annotations

import dataclasses
import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from hydra_cached.store import EntryInfo, Store


def key_of(number: int) -> str:
    """A key of 64 hexadecimal digits that begins with the number."""
    return f"{number:08x}" + "5a" * 28


def describe(number: int = 1, **changes: Any) -> EntryInfo:
    """What is known of some result; different numbers are different results of different recipes."""
    info = EntryInfo(
        key=key_of(number),
        call_key=key_of(number),
        recipe_key=key_of(number + 0x10000),
        content_digest="c" * 64,
        target="my.mod.load",
        path="steps.0",
        config='{"_target_": "my.mod.load"}',
        code="d" * 64,
        seconds=1.5,
        created_s=1_700_000_000.0 + number,
        arguments=(("x", "e" * 64),),
        versions=(("python", "3.12.0"),),
        schema=1,
    )
    return dataclasses.replace(info, **changes)


def put(store: Store, value: Any, number: int = 1, **changes: Any) -> EntryInfo:
    """Store a value; returns what was said of it."""
    info = describe(number, **changes)
    store.put(info, store.dump(value))
    return info


def round_trip(store: Store, value: Any, number: int = 1) -> Any:
    """A value after it was stored and found by its recipe."""
    info = put(store, value, number)
    entry = store.find(info.recipe_key or "")
    assert entry is not None
    return store.load(entry)


@contextmanager
def database(store: Store) -> Iterator[sqlite3.Connection]:
    """The index as any other program sees it."""
    connection = sqlite3.connect(store.directory / "index" / "cache.db", isolation_level=None)
    try:
        yield connection
    finally:
        connection.close()


def read_row(store: Store, row_key: str) -> bytes:
    with database(store) as connection:
        ((value,),) = connection.execute("SELECT value FROM Cache WHERE key = ?", (row_key,))
    assert isinstance(value, bytes)
    return value


def write_row(store: Store, row_key: str, value: Any, **columns: Any) -> None:
    with database(store) as connection:
        for name, content in {"value": value, **columns}.items():
            connection.execute(f"UPDATE Cache SET {name} = ? WHERE key = ?", (content, row_key))


def objects_of(store: Store) -> list[Path]:
    return sorted((store.directory / "objects").glob("??/*"))
