"""Bits are flipped and files cut everywhere: each damage is found, no wrong value comes back, and no command stops."""

from __future__ import annotations

import logging
import random
import shutil
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

import pytest

from hydra_cached.errors import EntryDamagedError, EntryError, EntryUntrustedError
from hydra_cached.store import Store
from hydra_cached.store.upkeep import Upkeep
from tests.soak.rounds import rounds
from tests.soak.values import key, value_of
from tests.store.entries import describe, objects_of, put

pytestmark = pytest.mark.timeout(7200)
_COUNT = 12
_LARGE = 40_000


@pytest.fixture(autouse=True)
def _quiet() -> Iterator[None]:
    logging.disable(logging.WARNING)
    yield
    logging.disable(logging.NOTSET)


@pytest.fixture
def filled(tmp_path: Path) -> Path:
    """A store of small results with odd numbers, and large ones with even numbers."""
    with Store(tmp_path / "cache") as store:
        for number in range(_COUNT):
            put(store, _value(number), number, path=f"steps.{number}")
        store.record_hits({key(number): (1, 1.0) for number in range(_COUNT)})
    return tmp_path / "cache"


def _value(number: int) -> bytes:
    return value_of(number, 100 if number % 2 else _LARGE)


def _flip(data: bytes, generator: random.Random) -> bytes:
    changed = bytearray(data)
    changed[generator.randrange(len(changed))] ^= 1 << generator.randrange(8)
    return bytes(changed)


def _look_up_all(store: Store, found: Counter[str]) -> None:
    """Count what comes of asking for every result by its recipe and by its key. A wrong value fails the test."""
    for number in range(_COUNT):
        for look_up, name in ((store.find, describe(number).recipe_key or ""), (store.get, key(number))):
            try:
                entry = look_up(name)
                value = None if entry is None else store.load(entry)
            except EntryDamagedError:
                found["damaged"] += 1
            except EntryUntrustedError:
                found["untrusted"] += 1
            except EntryError:
                found["unreadable"] += 1
            else:
                assert value is None or value == _value(number)
                found["gone" if value is None else "right"] += 1


def test_every_flipped_bit_of_an_object_is_found(filled: Path) -> None:
    generator = random.Random(11)
    with Store(filled) as store:
        entry = store.get(key(0))
        assert entry is not None
        (path,) = (each for each in objects_of(store) if each.name == entry.object_digest)
        good = path.read_bytes()
        for _ in range(rounds(300, 5000)):
            path.write_bytes(_flip(good, generator))
            with pytest.raises(EntryDamagedError):
                store.load(entry)
            # it was set aside: the next commit writes it again
            assert store.get(key(0)) is None
            put(store, _value(0), 0, path="steps.0")
        assert path.read_bytes() == good
        assert store.load(entry) == _value(0)
        store.clear()


def test_object_of_any_other_length_is_found(filled: Path) -> None:
    with Store(filled) as store:
        entry = store.get(key(0))
        assert entry is not None
        (path,) = (each for each in objects_of(store) if each.name == entry.object_digest)
        good = path.read_bytes()
        for length in range(0, len(good), rounds(211, 1)):
            path.write_bytes(good[:length])
            with pytest.raises(EntryDamagedError):
                store.load(entry)
            if length % 1000 == 0:
                assert "damaged_object" in _kinds(store) or not path.exists()
                put(store, _value(0), 0, path="steps.0")


def _kinds(store: Store) -> set[str]:
    return {problem.kind for problem in Upkeep(store).verify(is_repairing=False).problems}


def _restore(directory: Path, good: Path) -> None:
    shutil.rmtree(directory)
    shutil.copytree(good, directory)


def _check_after_damage(directory: Path, number: int, found: Counter[str]) -> None:
    """Do all there is to do with a damaged store; nothing may stop over it."""
    with Store(directory) as store:
        if number % 4 == 1:
            store.summaries()
            Upkeep(store).totals()
        elif number % 4 == 2:
            Upkeep(store).verify(is_repairing=bool(number % 8 == 2))
        elif number % 4 == 3:
            put(store, "new", 500)
            try:
                entry = store.get(key(500))
            except EntryDamagedError:
                # it was written to the very page that is broken, which was found by reading: the index is a new one now
                put(store, "new", 500)
                entry = store.get(key(500))
            assert entry is not None
            assert store.load(entry) == "new"
        _look_up_all(store, found)
        if number % 16 == 0:
            store.clear()
            assert store.summaries() == []


def test_flipped_bits_of_the_index_give_no_wrong_value_and_stop_nothing(filled: Path, tmp_path: Path) -> None:
    generator = random.Random(12)
    shutil.copytree(filled, tmp_path / "good")
    good = (filled / "index" / "cache.db").read_bytes()
    found: Counter[str] = Counter()
    for number in range(rounds(120, 5000)):
        (filled / "index" / "cache.db").write_bytes(_flip(good, generator))
        _check_after_damage(filled, number, found)
        _restore(filled, tmp_path / "good")
    print(dict(found))
    # one bit concerns one result at most, or all of them where it makes the index unreadable
    assert found["right"] > 10 * (sum(found.values()) - found["right"])


def test_flipped_bits_of_the_head_of_the_index_stop_nothing(filled: Path, tmp_path: Path) -> None:
    shutil.copytree(filled, tmp_path / "good")
    good = (filled / "index" / "cache.db").read_bytes()
    found: Counter[str] = Counter()
    for bit in range(0, 800, rounds(53, 1)):
        for number in range(1, 4):
            changed = bytearray(good)
            changed[bit // 8] ^= 1 << bit % 8
            (filled / "index" / "cache.db").write_bytes(changed)
            _check_after_damage(filled, number, found)
            _restore(filled, tmp_path / "good")
    print(dict(found))
    assert found["right"] > 0


def test_index_that_is_cut_anywhere_gives_no_wrong_value_and_stops_nothing(filled: Path, tmp_path: Path) -> None:
    shutil.copytree(filled, tmp_path / "good")
    good = (filled / "index" / "cache.db").read_bytes()
    found: Counter[str] = Counter()
    for number, length in enumerate(range(0, len(good), rounds(2777, 97))):
        (filled / "index" / "cache.db").write_bytes(good[:length])
        _check_after_damage(filled, number, found)
        _restore(filled, tmp_path / "good")
    print(dict(found))
    assert found["right"] > 0


@pytest.mark.parametrize("kind", ["object", "index"])
def test_verify_finds_and_mends_whatever_is_done_at_random(filled: Path, tmp_path: Path, kind: str) -> None:
    generator = random.Random(13)
    shutil.copytree(filled, tmp_path / "good")
    for number in range(rounds(25, 500)):
        files = [filled / "index" / "cache.db"] if kind == "index" else sorted(filled.glob("objects/??/*"))
        for _ in range(3):
            path = generator.choice(files)
            data = path.read_bytes()
            path.write_bytes(_flip(data, generator) if number % 3 else data[: generator.randrange(len(data))])
        with Store(filled) as store:
            problems = Upkeep(store).verify(is_repairing=True).problems
            assert problems or kind == "index", "what is not used in the index may change"
            left = Upkeep(store).verify(is_repairing=False).problems
            # a key that a flipped bit made is nobody's: it is told, and stays
            assert {problem.kind for problem in left} <= {"untrusted_row"}
            _look_up_all(store, Counter())
        _restore(filled, tmp_path / "good")
