"""Clusters of this machine, and steps for their workers."""

from __future__ import annotations

from typing import Any

from distributed import LocalCluster

from hydra_cached import RunOptions
from hydra_cached.events import Event, Warned

DASK_STEPS = """
import os
import subprocess
import sys
import threading
import time
from pathlib import Path

def step(number, *before):
    with open("calls.txt", "a") as file:
        file.write(f"{number} {os.getpid()}\\n")
    time.sleep(0.02)
    return number

def where():
    time.sleep(0.01)
    return os.getpid(), os.getcwd()

def text():
    time.sleep(0.01)
    return "first"

def sleep(seconds):
    time.sleep(seconds)
    return seconds

def start_and_sleep(seconds):
    child = subprocess.Popen([sys.executable, "-c", "import time; time.sleep(1000)"])
    Path("child.pid").write_text(str(child.pid))
    time.sleep(seconds)

def always_die():
    time.sleep(0.01)
    os.kill(os.getpid(), 9)

def talk():
    import logging
    time.sleep(0.01)
    logging.getLogger("mine").warning("from afar")
    return 1
"""
LOCAL: dict[str, Any] = {
    "threads_per_worker": 1,
    "dashboard_address": "127.0.0.1:0",
    "memory_limit": 0,
    "silence_logs": 50,
}


def call(name: str, *args: Any, **kwargs: Any) -> dict[str, Any]:
    return {"_target_": f"steps.{name}", "_convert_": "all", **({"_args_": list(args)} if args else {}), **kwargs}


def on(cluster: Any, **changes: Any) -> RunOptions:
    return RunOptions(cluster=cluster, **changes)


def warnings(seen: list[Event]) -> list[str]:
    return [event.message for event in seen if isinstance(event, Warned)]


def pids(cluster: LocalCluster) -> list[int]:
    return [nanny.pid for nanny in cluster.workers.values()]
