"""Edits of first-party code: small projects before and after, by whether the edit changes what `steps.run` does."""

from __future__ import annotations

import textwrap
from collections.abc import Mapping
from typing import TypeAlias

Files: TypeAlias = dict[str, str]

BASE: Files = {
    "steps.py": """
        import contextlib
        import functools
        import threading
        from dataclasses import dataclass
        from enum import Enum
        import dynamic
        import numpy as np
        import shapes
        import package
        from tools import scale, register, REGISTRY, Base
        from package import near as close

        FACTOR = 3
        TABLE = {"up": [1, 2], "down": (lambda x: x + 1, lambda x: x + 2)}

        def helper(x, by=1):
            return x * FACTOR + by

        def adder(n):
            def add(x):
                return x + n
            return add

        add_two = adder(2)
        half = functools.partial(scale, by=0.5)

        @register("first")
        def first(x):
            return x - 1

        class Kind(Enum):
            LOW = 1
            HIGH = 2

        @dataclass
        class Options:
            size: int = 1
            name: str = "n"

            def area(self) -> int:
                return self.size * self.size

        class Model(Base):
            rate = 0.1

            @property
            def speed(self):
                return self.rate * 2

            @staticmethod
            def twice(x):
                return 2 * x

            def fit(self, x):
                return self.prepare(x) + self.twice(self.speed)

        DEFAULT = Model()

        @functools.singledispatch
        def show(x):
            return "?"

        @show.register
        def _(x: int):
            return "int"

        def unused(x):
            return x

        @contextlib.contextmanager
        def opened(x):
            yield x * 5

        @functools.lru_cache(maxsize=None)
        def remembered(x):
            return x * 6

        stepwise = np.vectorize(lambda x: x * 8)

        class Guarded:
            def __init__(self, function):
                self.__wrapped__ = function
                self.lock = threading.Lock()

            def __call__(self, x):
                return self.__wrapped__(x)

            def __reduce__(self):
                raise TypeError

        @Guarded
        def guarded(x):
            return x * 9

        class Meta(type):
            def __call__(cls, *args):
                return super().__call__(*args)

        class Made(metaclass=Meta):
            @functools.cached_property
            def cost(self):
                return 10

        @scale.timed
        def run(x: int, power: int = 2, *, sign=1) -> float:
            \"\"\"Does it all.\"\"\"
            import late
            from package.inner import deep
            values = [helper(item) for item in range(power)]
            name = f"value {x!r:>4}"
            picked = {"a", "b", "c"}
            assert name not in picked
            return (
                sum(values) * sign + add_two(x) + half(x) + TABLE["down"][0](x) + REGISTRY["first"](x)
                + Kind.HIGH.value + Options().area() + Model().fit(x) + DEFAULT.fit(x) + shapes.area(x)
                + package.far(x) + close(x) + late.later(x) + deep(x) + len(show(x))
                + remembered(x) + stepwise(x) + guarded(x) + Made().cost + opened(x).__enter__() + dynamic.late
            )
        """,
    "tools.py": """
        import functools

        REGISTRY = {}

        def register(name):
            def keep(function):
                REGISTRY[name] = function
                return function
            return keep

        def scale(x, by):
            return x * by

        def timed(function):
            @functools.wraps(function)
            def wrapper(*args, **kwargs):
                return function(*args, **kwargs)
            return wrapper

        scale.timed = timed

        class Root:
            def origin(self):
                return 0

        class Base(Root):
            def prepare(self, x):
                return x + self.origin()
        """,
    "shapes.py": """
        PI = 3

        def area(x):
            return PI * square(x)

        def square(x):
            return x * x

        def unused(x):
            return x
        """,
    "dynamic.py": """
        def __getattr__(name):
            return len(name)
        """,
    "late.py": """
        def later(x):
            return x
        """,
    "package/__init__.py": """
        from .outer import far
        from .outer import near
        """,
    "package/outer.py": """
        from . import inner

        def far(x):
            return inner.deep(x) + back(x)

        def near(x):
            return x

        def back(x):
            return far(x - 1) if x > 0 else 0
        """,
    "package/inner.py": """
        LIMIT = [1, {"a": 2.0}]

        def deep(x):
            return x + len(LIMIT)
        """,
}

HARMLESS: Mapping[str, tuple[str, str, str]] = {
    "comment": ("steps.py", "return x * FACTOR + by", "return x * FACTOR + by  # scaled"),
    "comment above": ("steps.py", "def helper", "# helps\n# a lot\n\n\ndef helper"),
    "docstring": ("steps.py", "Does it all.", "Does everything."),
    "new docstring": ("steps.py", "return x * FACTOR + by", '"""Helps."""\n            return x * FACTOR + by'),
    "parentheses": ("steps.py", "return x * FACTOR + by", "return ((x * FACTOR) + by)"),
    "line breaks": (
        "steps.py",
        "return x * FACTOR + by",
        "return (\n                x\n                * FACTOR + by)",
    ),
    "quotes": ("steps.py", 'f"value {x!r:>4}"', "f'value {x!r:>4}'"),
    "digits": ("steps.py", "FACTOR = 3", "FACTOR = 0x3"),
    "annotation of a local name": ("steps.py", "values = [", "values: list = ["),
    "annotation of an argument": ("steps.py", "def helper(x, by=1)", "def helper(x: float, by: int = 1) -> float"),
    "annotation of a method": ("steps.py", "def fit(self, x)", "def fit(self, x: int) -> int"),
    "unused function": ("steps.py", "def unused(x):\n            return x", "def unused(x):\n            return x + 1"),
    "unused function of a module in use": ("shapes.py", "def unused(x):\n            return x", ""),
    "new function": ("shapes.py", "PI = 3", "PI = 3\n\n        def extra(x):\n            return x\n"),
    "new constant": ("shapes.py", "PI = 3", "PI = 3\n        TAU = 6\n"),
    "module docstring": ("shapes.py", "PI = 3", '"""Shapes."""\n        PI = 3\n'),
    "order of definitions": (
        "shapes.py",
        "def square(x):\n            return x * x\n\n        def unused(x):\n            return x",
        "def unused(x):\n            return x\n\n        def square(x):\n            return x * x",
    ),
    "lone pass": ("late.py", "return x", "pass\n            return x"),
    "unused import": ("late.py", "def later", "import json\n\n        def later"),
    "other package file": (
        "package/__init__.py",
        "from .outer import near",
        "from .outer import near\n        EXTRA = 1",
    ),
}

HARMFUL: Mapping[str, tuple[str, str, str]] = {
    "body": ("steps.py", "sum(values) * sign", "sum(values) + sign"),
    "literal": ("steps.py", 'f"value {x!r:>4}"', 'f"value {x!r:>5}"'),
    "type of a literal": ("steps.py", "add_two(x)", "add_two(x) * True"),
    "set literal": ("steps.py", '{"a", "b", "c"}', '{"a", "b", "d"}'),
    "default": ("steps.py", "power: int = 2", "power: int = 3"),
    "type of a default": ("steps.py", "by=1", "by=1.0"),
    "keyword default": ("steps.py", "sign=1", "sign=-1"),
    "annotation of a decorated function": ("steps.py", "def run(x: int", "def run(x: float"),
    "name of an argument": (
        "steps.py",
        "def helper(x, by=1):\n            return x * FACTOR + by",
        "def helper(x, of=1):\n            return x * FACTOR + of",
    ),
    "helper": ("steps.py", "return x * FACTOR + by", "return x * FACTOR - by"),
    "constant": ("steps.py", "FACTOR = 3", "FACTOR = 4"),
    "type of a constant": ("steps.py", "FACTOR = 3", "FACTOR = 3.0"),
    "constant in a container": ("package/inner.py", '"a": 2.0', '"a": 2'),
    "lambda in a table": ("steps.py", "lambda x: x + 1", "lambda x: x + 7"),
    "lambdas exchanged": ("steps.py", "(lambda x: x + 1, lambda x: x + 2)", "(lambda x: x + 2, lambda x: x + 1)"),
    "value closed over": ("steps.py", "adder(2)", "adder(3)"),
    "inner function": ("steps.py", "return x + n", "return x - n"),
    "partial": ("steps.py", "by=0.5", "by=0.25"),
    "function under a partial": ("tools.py", "return x * by", "return x / by"),
    "registered function": ("steps.py", "return x - 1", "return x - 2"),
    "name of a registration": ("steps.py", 'register("first")', 'register("second")'),
    "registration": ("tools.py", "REGISTRY[name] = function", "REGISTRY[name.lower()] = function"),
    "decorator": ("tools.py", "return function(*args, **kwargs)", "return function(*args, **kwargs) + 1"),
    "decorator removed": ("steps.py", "@scale.timed\n        def run", "def run"),
    "enum member": ("steps.py", "HIGH = 2", "HIGH = 3"),
    "field annotation": ("steps.py", "size: int = 1", "size: float = 1"),
    "field default": ("steps.py", "size: int = 1", "size: int = 2"),
    "field order": (
        "steps.py",
        'size: int = 1\n            name: str = "n"',
        'name: str = "n"\n            size: int = 1',
    ),
    "class decorator": ("steps.py", "@dataclass\n", "@dataclass(frozen=True)\n"),
    "method": ("steps.py", "return self.size * self.size", "return self.size + self.size"),
    "class attribute": ("steps.py", "rate = 0.1", "rate = 0.2"),
    "property": ("steps.py", "return self.rate * 2", "return self.rate * 3"),
    "static method": ("steps.py", "return 2 * x", "return 3 * x"),
    "static method made a method": ("steps.py", "@staticmethod\n            def twice(x)", "def twice(self, x)"),
    "base class": ("tools.py", "return x + self.origin()", "return x - self.origin()"),
    "base of a base": ("tools.py", "return 0", "return 1"),
    "other base": ("steps.py", "class Model(Base)", "class Model(Base, dict)"),
    "dispatched function": ("steps.py", 'return "int"', 'return "integer"'),
    "function under a context manager": ("steps.py", "x * 5", "x * 50"),
    "function under a cache": ("steps.py", "x * 6", "x * 60"),
    "function in an object of a library": ("steps.py", "x * 8", "x * 80"),
    "function in an object that cannot be digested": ("steps.py", "x * 9", "x * 90"),
    "cached property": ("steps.py", "return 10", "return 11"),
    "metaclass": ("steps.py", "super().__call__(*args)", "super().__call__(*reversed(args))"),
    "attributes of a module made at run time": ("dynamic.py", "len(name)", "len(name) + 1"),
    "dispatched type": ("steps.py", "def _(x: int)", "def _(x: bool)"),
    "function of a module": ("shapes.py", "return PI * square(x)", "return square(x) * PI"),
    "constant of a module": ("shapes.py", "PI = 3", "PI = 4"),
    "helper of a module": ("shapes.py", "return x * x", "return x ** 2"),
    "import inside a body": ("late.py", "return x", "return -x"),
    "import from a package inside a body": ("package/inner.py", "return x + len(LIMIT)", "return x - len(LIMIT)"),
    "function through a package": (
        "package/outer.py",
        "return inner.deep(x) + back(x)",
        "return inner.deep(x) - back(x)",
    ),
    "function in a circle": ("package/outer.py", "else 0", "else 1"),
    "name exported by a package": ("package/__init__.py", "from .outer import near", "from .outer import back as near"),
}


def write_project(edit: tuple[str, str, str] | None) -> Files:
    """The files of the project, edited or not."""
    files = {name: textwrap.dedent(text).lstrip() for name, text in BASE.items()}
    if edit is not None:
        name = edit[0]
        # edits are written as deep as the files above
        old, new = (text.replace("\n        ", "\n") for text in edit[1:])
        assert files[name].count(old) == 1, f"{old!r} is not in {name} exactly once"
        files[name] = files[name].replace(old, new)
        compile(files[name], name, "exec")
    return files
