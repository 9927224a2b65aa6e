"""Reads a file, then takes its time: a step that looks outside, below a slow one.

    hydra-cached run hydra_cached.examples.takes_time -p

``load_file`` is marked as not deterministic, so every run reads the file anew. While the file says the same, the slow
step above it is cut off: its earlier result is taken, and the second run is over at once. Another file is read with
``data.file_name=my.txt``, relative to the working directory.
"""

from __future__ import annotations

import time
from pathlib import Path

from hydra_cached import not_deterministic

LOREM_IPSUM = Path(__file__).with_name("data") / "lorem_ipsum.txt"


@not_deterministic
def load_file(file_name: str) -> str:
    """The text of a file in UTF-8.

    Raises:
        OSError: the file cannot be read.
    """
    return Path(file_name).read_text(encoding="utf-8")


def delay(data: str, seconds: float) -> str:
    """The same text, some seconds later: stands for any slow step."""
    time.sleep(seconds)
    return data


config = dict(
    _target_=delay,
    data=dict(_target_=load_file, file_name=str(LOREM_IPSUM)),
    seconds=2,
)
