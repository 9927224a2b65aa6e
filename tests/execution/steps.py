"""A module of steps for all that executors must do alike, and what tests say of it."""

from __future__ import annotations

from typing import Any

STEPS = """
import multiprocessing
import os
import subprocess
import sys
import threading
import time
from pathlib import Path

from hydra_cached import not_deterministic, version

def note(name):
    with open("calls.txt", "a") as file:
        file.write(f"{name} {os.getpid()}\\n")

def load(n):
    note("load")
    time.sleep(0.01)
    return list(range(n))

def total(values, offset=0):
    note("total")
    time.sleep(0.01)
    return sum(values) + offset

def pair(a, b):
    time.sleep(0.01)
    return [a, b]

def array(n):
    import numpy as np
    time.sleep(0.01)
    return np.arange(n)

def texts(n):
    time.sleep(0.01)
    return {number: str(number) * 3 for number in range(n)}

def hand_on(value):
    time.sleep(0.01)
    return value

def fail(value):
    time.sleep(0.01)
    raise LookupError(f"no {value}")

def sort(values):
    time.sleep(0.01)
    values.sort()
    return len(values)

@not_deterministic
def today():
    time.sleep(0.01)
    return 1

def numbers(n):
    time.sleep(0.01)
    return (i for i in range(n))

@version("3")
def where_of_a_version():
    time.sleep(0.01)
    return os.getpid()

def count_up(n):
    yield from range(n)

def hold_a_lock(seconds):
    import threading
    note("hold_a_lock")
    time.sleep(seconds)
    return threading.Lock()

def closure(n):
    time.sleep(0.01)
    return lambda: n

def ask(function):
    return function()

class Model:
    def __init__(self, weight):
        time.sleep(0.01)
        self.weight = weight

class Optimizer:
    def __init__(self, model):
        time.sleep(0.01)
        self.model = model

def train(model, optimizer):
    time.sleep(0.01)
    optimizer.model.weight += 1
    return model.weight

def where():
    time.sleep(0.01)
    return os.getcwd()

def go_to(folder, number):
    time.sleep(0.01)
    before = os.getcwd()
    os.chdir(folder)
    return before

def write(path, text):
    time.sleep(0.01)
    Path(path).write_text(text)
    return path

def read(path):
    time.sleep(0.01)
    return Path(path).read_text()

def fail_twice(path):
    note("try")
    if Path("calls.txt").read_text().count("try") < 3:
        raise OSError("not yet")
    return 3

def sleep(seconds):
    time.sleep(seconds)
    return seconds

def die(path):
    if not os.path.exists(path):
        Path(path).write_text("")
        os.kill(os.getpid(), 9)
    return "alive"

def weigh(value, array):
    time.sleep(0.01)
    return [len(value), int(array.sum())]

def sink():
    return sink()

def raise_odd(kind):
    time.sleep(0.01)
    if kind == "SystemExit":
        raise SystemExit(3)
    if kind == "recursion":
        sink()
    class Odd(Exception):
        pass
    error = Odd("odd")
    if kind == "unpicklable":
        error.lock = threading.Lock()
    raise error

def hold(name, after=None):
    Path(f"{name}.part").write_text(str(os.getpid()))
    os.rename(f"{name}.part", f"{name}.pid")
    time.sleep(100)

def start_and_hold(name):
    child = subprocess.Popen([sys.executable, "-c", "import time; time.sleep(1000)"])
    Path(f"{name}-child.pid").write_text(str(child.pid))
    hold(name)

def count_in_a_pool(n):
    with multiprocessing.get_context("spawn").Pool(1) as pool:
        return sum(pool.map(abs, range(n))), os.getpid()

def always_die():
    os.kill(os.getpid(), 9)
"""


def call(name: str, **kwargs: Any) -> dict[str, Any]:
    """A node that calls one of the steps."""
    return {"_target_": f"steps.{name}", "_convert_": "all", **kwargs}


def layers() -> dict[str, Any]:
    """Five nodes in three layers; the value is [3, 7]."""
    return call("pair", a=call("total", values=call("load", n=3)), b=call("total", values=call("load", n=4), offset=1))
