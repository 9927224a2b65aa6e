"""Kills processes that work on a store, at random moments, and looks what they leave. Run as a program of its own:

    python -m tests.soak.killing DIRECTORY WORK ROUNDS SEED

It forks its victims, so that each costs milliseconds. What it says last is a line of JSON.
"""

from __future__ import annotations

import contextlib
import json
import logging
import os
import random
import signal
import sys
import time
from collections.abc import Callable
from pathlib import Path

from hydra_cached.errors import EntryError
from hydra_cached.store import ObjectFolder, Store
from hydra_cached.store.garbage import Limits
from hydra_cached.store.upkeep import Upkeep
from tests.soak.values import key, value_of
from tests.store.entries import put

# a victim lives at most so long; the first write is over after about a tenth of it
LONGEST_LIFE_S = 0.25
_KEPT = range(1, 30)


def store_values(directory: Path, number: int, acknowledged: int) -> None:
    """Put one value after the other, and say so of each once it is acknowledged."""
    with Store(directory) as store:
        while True:
            put(store, value_of(number), number)
            os.write(acknowledged, f"{number}\n".encode())
            number += 1


def collect(directory: Path, number: int, acknowledged: int) -> None:
    """Fill the store, and drop all of it that is not pinned, again and again."""
    with Store(directory) as store:
        while True:
            for each in range(number, number + 5):
                put(store, value_of(each, 40_000 if each % 2 else 200), each)
            Upkeep(store).collect(Limits(max_size_bytes=0))
            number += 5


def verify(directory: Path, number: int, acknowledged: int) -> None:
    """Damage the store, and mend it, again and again."""
    with Store(directory) as store:
        while True:
            put(store, value_of(number, 40_000), number)
            entry = store.get(key(number))
            digest = entry.object_digest if entry is not None else None
            with open(ObjectFolder(directory / "objects").path(digest or ""), "r+b") as file:
                file.seek(20_000)
                file.write(b"damage")
            Upkeep(store).verify(is_repairing=True)
            number += 1


def rebuild(directory: Path, number: int, acknowledged: int) -> None:
    """Ruin the index, and have it made again, again and again."""
    logging.disable()
    while True:
        database = directory / "index" / "cache.db"
        with contextlib.suppress(OSError), open(database, "r+b") as file:
            file.write(os.urandom(4096))
        with Store(directory) as store:
            store.summaries()


WORK: dict[str, Callable[[Path, int, int], None]] = {
    "store": store_values,
    "collect": collect,
    "verify": verify,
    "rebuild": rebuild,
}


def main(directory: Path, work: str, rounds: int, seed: int) -> dict[str, int]:
    """Kill `rounds` victims; returns what was found."""
    generator = random.Random(seed)
    found = {"acknowledged": 0, "lost": 0, "wrong": 0, "leftovers": 0}
    if work != "store":
        with Store(directory) as store:
            for number in _KEPT:
                put(store, value_of(number, 60_000), number)
            Upkeep(store).pin(key(number) for number in _KEPT)
    number = 1000
    for _ in range(rounds):
        acknowledged = _kill_one(directory, WORK[work], number, generator.random() ** 2 * LONGEST_LIFE_S)
        number += 1000
        found["acknowledged"] += len(acknowledged)
        with Store(directory) as store:
            if work == "store":
                lost, wrong = _check(store, acknowledged)
                # keep the disk small
                store.remove([key(each) for each in acknowledged])
            else:
                lost, wrong = _check(store, list(_KEPT), size=60_000)
        found["lost"] += lost
        found["wrong"] += wrong
    found.update(_tidy_up(directory))
    return found


def _kill_one(directory: Path, work: Callable[[Path, int, int], None], number: int, life_s: float) -> list[int]:
    """What a victim acknowledged before it was killed."""
    reading, writing = os.pipe()
    victim = os.fork()
    if not victim:
        with contextlib.suppress(BaseException):
            work(directory, number, writing)
        os._exit(1)
    os.close(writing)
    time.sleep(life_s)
    os.kill(victim, signal.SIGKILL)
    _, status = os.waitpid(victim, 0)
    assert os.WIFSIGNALED(status), f"the victim ended by itself: {status}"
    with open(reading, encoding="ascii") as pipe:
        return [int(line) for line in pipe.read().split("\n") if line]


def _check(store: Store, numbers: list[int], *, size: int | None = None) -> tuple[int, int]:
    """How many of the results are not there, and how many are not what they should be."""
    lost = wrong = 0
    for number in numbers:
        try:
            entry = store.get(key(number))
            value = None if entry is None else store.load(entry)
        except EntryError:
            value = None
        lost += value is None
        wrong += value is not None and value != value_of(number, size)
    return lost, wrong


def _tidy_up(directory: Path) -> dict[str, int]:
    """What is left of the victims after one more collection, and is wrong after one more repair."""
    with Store(directory) as store:
        Upkeep(store).collect(Limits(max_age_s=1e12))
        left = list(directory.glob("objects/??/.*"))
        Upkeep(store).verify(is_repairing=True)
        problems = Upkeep(store).verify(is_repairing=False).problems
        used = {summary.key for summary in store.summaries()}
        objects = list(directory.glob("objects/??/*"))
    return {"leftovers": len(left), "problems": len(problems), "entries": len(used), "objects": len(objects)}


if __name__ == "__main__":
    logging.basicConfig(level=logging.ERROR)
    print(json.dumps(main(Path(sys.argv[1]), sys.argv[2], int(sys.argv[3]), int(sys.argv[4]))))
