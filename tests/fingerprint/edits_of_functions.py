"""Edits of functions: closures, defaults, lambdas, and what the syntax of a body can hold."""

from __future__ import annotations

from tests.fingerprint.cases import Case

CASES = {
    "closures and defaults": Case(
        {
            "steps.py": """
                from tools import outer, BASE

                def power(n, extra=BASE):
                    def inner(x, m=n + 1):
                        def deepest():
                            return x ** n + m + extra
                        return deepest()
                    return inner

                square = power(2)
                table = [power(n) for n in (3, 4)]
                made = outer(5)

                def run(x, seen=[1, {"a": 2}], *rest, key=len, by=(1, 2)):
                    return square(x) + table[0](x) + made(x) + key("a") + by[0] + len(seen)
                """,
            "tools.py": """
                import json
                BASE = 7

                def outer(n):
                    count = 0
                    def tick(x):
                        nonlocal count
                        count += 1
                        return x + n + json.loads("1")
                    return tick
                """,
        },
        counts={
            "value closed over": ("steps.py", "power(2)", "power(3)"),
            "values of a list": ("steps.py", "(3, 4)", "(4, 3)"),
            "innermost": ("steps.py", "x ** n + m", "x ** n - m"),
            "default from a constant": ("tools.py", "BASE = 7", "BASE = 8"),
            "inner default": ("steps.py", "m=n + 1", "m=n + 2"),
            "mutable default": ("steps.py", '{"a": 2}', '{"a": 3}'),
            "function as a default": ("steps.py", "key=len", "key=abs"),
            "tuple as a default": ("steps.py", "by=(1, 2)", "by=(2, 1)"),
            "closure of a module": ("tools.py", "x + n", "x - n"),
            "start of a counter": ("tools.py", "count = 0", "count = 1"),
        },
    ),
    "lambdas": Case(
        {
            "steps.py": """
                KEYS = {"a": lambda x: x + 1, "b": lambda x: x + 2}
                pick = lambda x, y=2: x if x > y else (lambda z: z * 3)(y)
                UNUSED = lambda x: x
                both = (lambda x: x + 3, lambda x: x + 4, lambda x: x + 4)

                def run(x):
                    return KEYS["a"](x) + pick(x) + sorted([3, 1], key=lambda v: -v)[0] + both[0](x)
                """
        },
        counts={
            "in a dict": ("steps.py", "x + 1", "x + 9"),
            "default": ("steps.py", "y=2", "y=3"),
            "inner": ("steps.py", "z * 3", "z * 4"),
            "in a body": ("steps.py", "lambda v: -v", "lambda v: v"),
            "exchanged": ("steps.py", "lambda x: x + 3, lambda x: x + 4, ", "lambda x: x + 4, lambda x: x + 3, "),
        },
        does_not={
            "one on each line": (
                "steps.py",
                '{"a": lambda x: x + 1, "b": lambda x: x + 2}',
                '{\n    "a": lambda x: x + 1,\n    "b": lambda x: x + 2,\n}',
            ),
            "equal ones on each line": (
                "steps.py",
                "(lambda x: x + 3, lambda x: x + 4, lambda x: x + 4)",
                "(\n    lambda x: x + 3,\n    lambda x: x + 4,  # four\n    lambda x: x + 4,\n)",
            ),
            "on several lines": (
                "steps.py",
                "lambda x, y=2: x if x > y else (lambda z: z * 3)(y)",
                "(\n    lambda x, y=2: x\n    if x > y\n    else (\n        lambda z: z * 3\n    )(y)\n)",
            ),
            "unused": ("steps.py", "UNUSED = lambda x: x", "UNUSED = lambda x: x * 7"),
        },
    ),
    "syntax": Case(
        {
            "steps.py": """
                import asyncio
                from tools import a, b, c, d, e, f, g, h, i, j, k, l, Point

                def gen(n):
                    yield from (a(x) for x in range(n))

                async def later(x):
                    async def inner():
                        return b(x)
                    return await inner()

                def run(x):
                    a_list = [c(y) for y in range(3) if (z := d(y))]
                    text = f"{e(x)!r:>{f(x)}}"
                    match x:
                        case Point(x=0):
                            result = g(x)
                        case {"key": value, **rest}:
                            result = value
                        case [first, *others]:
                            result = first
                        case _:
                            result = 0
                    try:
                        h(x)
                    except* ValueError:
                        pass
                    with i(x) as entered, open(__file__) as other:
                        pass
                    x[j(1) : 2] = 1
                    del x[k(0)]
                    assert x, l(x)
                    global COUNT
                    COUNT = 1
                    return asyncio.run(later(x)), list(gen(3)), a_list, text, result, z
                """,
            "tools.py": "".join(f"def {n}(x):\n    return x + {m}\n\n" for m, n in enumerate("abcdefghijkl"))
            + "class Point:\n    x = 1\n\ndef y(x):\n    return 'y'\n\ndef value(x):\n    return 'value'\n",
        },
        counts={n: ("tools.py", f"return x + {m}\n", f"return x - {m}\n") for m, n in enumerate("abcdefghijkl")}
        | {
            "pattern": ("steps.py", "Point(x=0)", "Point(x=1)"),
            "class of a pattern": ("tools.py", "x = 1", "x = 2"),
            "await": ("steps.py", "await inner()", "(await inner()) + 1"),
            "generator": ("steps.py", "range(n)", "range(n + 1)"),
            "format": ("steps.py", "!r", "!s"),
            "handler": ("steps.py", "except* ValueError", "except* TypeError"),
            "condition": ("steps.py", "if (z := d(y))", "if (z := d(y) + 1)"),
        },
        does_not={
            "function named like a local name": ("tools.py", "return 'y'", "return 'yy'"),
            "function named like a captured name": ("tools.py", "return 'value'", "return 'other'"),
            "line breaks": (
                "steps.py",
                "a_list = [c(y) for y in range(3) if (z := d(y))]",
                "a_list = [\n        c(y)\n        for y in range(3)\n        if (z := d(y))\n    ]",
            ),
            "backslash": ("steps.py", "assert x, l(x)", "assert x, \\\n        l(x)"),
            "digits": ("steps.py", "COUNT = 1", "COUNT = 0b1"),
        },
    ),
}

CASES["annotations that are read"] = Case(
    {
        "steps.py": """
            def load(x: int) -> int:
                return x

            def unread(x: int) -> int:
                return x

            def run():
                unread(1)
                return sorted(load.__annotations__), str(load.__annotations__)
            """,
    },
    counts={"of a function": ("steps.py", "def load(x: int)", "def load(x: float)")},
    does_not={"that nothing reads": ("steps.py", "def unread(x: int)", "def unread(x: float)")},
)

CASES["annotations that a library reads"] = Case(
    {
        "steps.py": """
            import inspect
            import typing
            import tools
            from inspect import signature

            def load(x: int) -> int:
                return x

            def clean(x: int) -> int:
                return x

            def unread(x: int) -> int:
                return x

            def run():
                unread(1)
                hints = typing.get_type_hints(load), inspect.get_annotations(tools.scale)
                return str(hints), str(signature(clean)), inspect.getdoc(load), inspect.getsource(tools.shift)
            """,
        "tools.py": """
            def scale(x: int) -> int:
                return x

            def shift(x):
                return x  # as it is
            """,
    },
    counts={
        "by get_type_hints": ("steps.py", "def load(x: int)", "def load(x: float)"),
        "by get_annotations": ("tools.py", "def scale(x: int)", "def scale(x: float)"),
        "by signature": ("steps.py", "def clean(x: int)", "def clean(x: float)"),
        "docstring by getdoc": ("steps.py", "load(x: int) -> int:", "load(x: int) -> int:\n    'Loads.'"),
        "comment by getsource": ("tools.py", "# as it is", "# as it was"),
    },
    does_not={
        "that nothing reads": ("steps.py", "def unread(x: int)", "def unread(x: float)"),
        "docstring that nothing reads": (
            "steps.py",
            "unread(x: int) -> int:",
            "unread(x: int) -> int:\n    'Not read.'",
        ),
    },
)

CASES["annotations of what has no name where they are read"] = Case(
    {
        "steps.py": """
            import inspect
            import tools

            def load(x: int) -> int:
                return x

            def other(x: int) -> int:
                return x

            def run():
                return tools.describe(load), tools.title(other)
            """,
        "tools.py": """
            import inspect

            def describe(function):
                return str(inspect.signature(function))

            def title(function):
                return function.__doc__
            """,
    },
    counts={
        "annotation": ("steps.py", "def load(x: int)", "def load(x: float)"),
        "docstring": ("steps.py", "other(x: int) -> int:", "other(x: int) -> int:\n    'Another.'"),
    },
    does_not={"comment": ("steps.py", "def load(x: int) -> int:", "def load(x: int) -> int:  # loads")},
)

CASES["marks of what a target calls"] = Case(
    {
        "steps.py": """
            import hydra_cached
            import late
            from settings import VERSION, OTHER

            @hydra_cached.version("1")
            def load(x):
                return x

            @hydra_cached.version(VERSION)
            def keep(x):
                return x

            @hydra_cached.version(OTHER)
            @hydra_cached.depends_on(late.found)
            class Model:
                @hydra_cached.version("3")
                def fit(self, x):
                    return x

            @hydra_cached.depends_on(late.found)
            def find(x):
                return x

            @hydra_cached.depends_on("named.found")
            def look(x):
                return x

            @hydra_cached.depends_on(whole := __import__("whole"))
            def take(x):
                return x

            def run(x):
                return load(x), find(x), look(x), take(x), keep(x), Model().fit(x)
            """,
        "settings.py": "VERSION = '5'\nOTHER = '6'\nUNUSED = '7'\n",
        "late.py": "def found():\n    return helper()\n\ndef helper():\n    return 1\n\ndef unused():\n    return 7\n",
        "named.py": "def found():\n    return 1\n\ndef unused():\n    return 7\n",
        "whole.py": "def found():\n    return 1\n",
    },
    counts={
        "another version": ("steps.py", 'version("1")', 'version("2")'),
        "another version of a method": ("steps.py", 'version("3")', 'version("4")'),
        "another version that has a name": ("settings.py", "'5'", "'50'"),
        "another version of a class that has a name": ("settings.py", "'6'", "'60'"),
        "code that a mark names": ("late.py", "return 1", "return 2"),
        "code that a mark names by a text": ("named.py", "return 1", "return 2"),
        "a module that a mark names": ("whole.py", "return 1", "return 2"),
    },
    does_not={
        "other code": ("late.py", "return 7", "return 8"),
        "a name that no mark has": ("settings.py", "'7'", "'70'"),
        "other code of what is named by a text": ("named.py", "return 7", "return 8"),
    },
)
