"""Edits of decorators, and of what they decorate."""

from __future__ import annotations

from tests.fingerprint.cases import Case

CASES = {
    "decorators": Case(
        {
            "steps.py": """
                import functools
                from tools import repeat, logged, Timed, cached, OPTIONS, plain

                @plain
                @repeat(2)
                @logged
                @Timed
                def work(x: int) -> int:
                    return x

                @functools.lru_cache(maxsize=8)
                def kept(x):
                    return x + 1

                @cached(OPTIONS, seconds=3)
                def held(x):
                    return x + 2

                def run(x):
                    return work(x) + kept(x) + held(x)
                """,
            "tools.py": """
                import functools

                OPTIONS = {"size": 1}
                FACTOR = 2

                def plain(f):
                    return f

                def repeat(times):
                    def decorate(function):
                        count = times * FACTOR

                        @functools.wraps(function)
                        def wrapper(*args):
                            return sum(function(*args) for _ in range(count))

                        return wrapper
                    return decorate

                def logged(function):
                    @functools.wraps(function)
                    def wrapper(*args, **kwargs):
                        note(function)
                        return function(*args, **kwargs)
                    return wrapper

                def note(function):
                    return function.__name__

                class Timed:
                    def __init__(self, function):
                        self.function = function
                        functools.update_wrapper(self, function)

                    def __call__(self, *args):
                        return self.function(*args)

                def cached(options, seconds):
                    memo = {}

                    def decorate(function):
                        def wrapper(x):
                            if x not in memo:
                                memo[x] = function(x)
                            return memo[x]
                        return wrapper
                    return decorate

                def unused(function):
                    return function
                """,
        },
        counts={
            "argument": ("steps.py", "@repeat(2)", "@repeat(3)"),
            "order": ("steps.py", "@logged\n@Timed", "@Timed\n@logged"),
            "removed": ("steps.py", "@logged\n", ""),
            "removed that returns its function": ("steps.py", "@plain\n", ""),
            "wrapper": ("tools.py", "sum(function(*args)", "max(function(*args)"),
            "computed in the decorator": ("tools.py", "times * FACTOR", "times + FACTOR"),
            "constant of the decorator": ("tools.py", "FACTOR = 2", "FACTOR = 3"),
            "helper of a wrapper": ("tools.py", "function.__name__", "function.__qualname__"),
            "class that decorates": ("tools.py", "return self.function(*args)", "return -self.function(*args)"),
            "body under all": ("steps.py", "    return x\n", "    return -x\n"),
            "annotation": ("steps.py", "x: int", "x: float"),
            "size of a cache": ("steps.py", "maxsize=8", "maxsize=9"),
            "body under a cache": ("steps.py", "x + 1", "x + 9"),
            "body under a closure": ("steps.py", "x + 2", "x + 9"),
            "argument of a closure": ("steps.py", "seconds=3", "seconds=4"),
            "option": ("tools.py", '"size": 1', '"size": 2'),
        },
        does_not={
            "unused decorator": ("tools.py", "def unused(function):\n    return function", ""),
            "docstring of a decorator": ("tools.py", "    memo = {}\n", '    """Keep."""\n    memo = {}\n'),
        },
    ),
}
