"""A call finds the same around it wherever it is made: working directory, import path, resolvers, log."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from pathlib import Path

import pytest

from tests.conftest import RunCli

PIPELINE = """
    import logging
    import os
    import sys
    import time
    from pathlib import Path

    sys.path.append(str(Path(__file__).with_name("lib")))

    import beside
    from omegaconf import OmegaConf

    OmegaConf.register_new_resolver("twice", lambda n: 2 * n, replace=True)

    def look(name):
        time.sleep(0.01)
        import late
        log = logging.getLogger("mine")
        log.debug("debug from %s", name)
        log.warning("warning from %s", name)
        inner = OmegaConf.create({"n": "${twice:4}"}).n
        return name, os.getcwd(), beside.say(), late.say(), inner, log.getEffectiveLevel()

    def read(conf):
        time.sleep(0.01)
        return conf.twice, conf.once

    config = [
        dict(_target_=look, name="${twice:3}"),
        dict(_target_=read, conf=dict(once=1, twice="${twice:${.once}}")),
    ]
"""


@pytest.mark.parametrize("level", ["DEBUG", "WARNING"])
@pytest.mark.parametrize("executor", ["inline", "threads", "processes", "dask"])
def test_calls_find_the_same_around_them(
    project: Callable[[Mapping[str, str]], Path], run_cli: RunCli, executor: str, level: str
) -> None:
    say = "def say():\n    return __name__\n"
    folder = project({"pipelines/pipe.py": PIPELINE, "pipelines/lib/beside.py": say, "pipelines/lib/late.py": say})
    jobs = [] if executor == "inline" else ["-j", "2"]
    done = run_cli("run", "pipelines/pipe.py", "--json", "--executor", executor, *jobs, "--log-level", level)
    number = {"DEBUG": 10, "WARNING": 30}[level]
    expected = [[6, str(folder), "beside", "late", 8, number], [2, 1]]
    assert json.loads(done.stdout)["result"] == repr(expected)
    assert done.stderr.count("warning from 6") == 1
    assert done.stderr.count("debug from 6") == (1 if level == "DEBUG" else 0)
