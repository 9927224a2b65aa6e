"""Edits of modules: names they take from each other, and values that they make step by step."""

from __future__ import annotations

from tests.fingerprint.cases import Case

CASES = {
    "config built step by step": Case(
        {
            "steps.py": """
                def run(x):
                    return x

                config = {"_target_": run, "x": 1}
                config["x"] = 2
                config.update(y=3)
                names = []
                for name in ("a", "b"):
                    names.append(name)
                """
        },
        does_not={
            "item": ("steps.py", '["x"] = 2', '["x"] = 5'),
            "update": ("steps.py", "y=3", "y=4"),
            "loop": ("steps.py", '("a", "b")', '("a", "c")'),
            "new item": ("steps.py", "", 'config["z"] = {"deep": 1}\nconfig["z"]["deep"] += 1\n'),
            "deleted item": ("steps.py", "", 'del config["y"]\n'),
        },
    ),
    "constants changed by the module": Case(
        {
            "steps.py": """
                TABLE = {"a": 1}
                TABLE["b"] = 2
                TOTAL = 1
                TOTAL += 2
                NAMES = [n for n in "ab"]
                NAMES.append("c")

                def run():
                    return TABLE, TOTAL, NAMES
                """
        },
        counts={
            "item": ("steps.py", 'TABLE["b"] = 2', 'TABLE["b"] = 3'),
            "sum": ("steps.py", "TOTAL += 2", "TOTAL += 3"),
            "list": ("steps.py", 'append("c")', 'append("d")'),
            "computed": ("steps.py", 'for n in "ab"', 'for n in "ac"'),
        },
    ),
    "names": Case(
        {
            "steps.py": """
                from tools import *
                from tools import near as close
                from package import deep, Inner
                import package.side as side
                import space.part

                def run(x):
                    return first(x) + close(x) + deep(x) + Inner().go() + side.way(x) + space.part.go(x)
                """,
            "tools.py": """
                __all__ = ["first"]

                def first(x):
                    return x

                def near(x):
                    return x

                def third(x):
                    return x * 9
                """,
            "package/__init__.py": "from package.deeper import deep\nfrom .deeper import Thing as Inner\n",
            "package/deeper.py": """
                from . import side as aside

                def deep(x):
                    return aside.way(x) + 1

                class Thing:
                    def go(self):
                        return 1
                """,
            "package/side.py": "def way(x):\n    return x\n\ndef other(x):\n    return x\n",
            "space/part.py": "def go(x):\n    return x\n\ndef other(x):\n    return x\n",
        },
        counts={
            "star import": ("tools.py", "def first(x):\n    return x", "def first(x):\n    return -x"),
            "renamed import": ("tools.py", "def near(x):\n    return x", "def near(x):\n    return -x"),
            "re-export": ("package/deeper.py", "aside.way(x) + 1", "aside.way(x) + 2"),
            "renamed re-export": ("package/deeper.py", "return 1", "return 2"),
            "module of a package": ("package/side.py", "def way(x):\n    return x", "def way(x):\n    return -x"),
            "namespace package": ("space/part.py", "def go(x):\n    return x", "def go(x):\n    return -x"),
        },
        does_not={
            "name not exported": ("tools.py", "x * 9", "x * 8"),
            "other name of a module": (
                "package/side.py",
                "def other(x):\n    return x",
                "def other(x):\n    return -x",
            ),
            "other name of a namespace": (
                "space/part.py",
                "def other(x):\n    return x",
                "def other(x):\n    return -x",
            ),
            "unrelated module": ("unrelated.py", "*", "def work():\n    return 1\n"),
            "longer exports": ("tools.py", '["first"]', '["first", "near"]'),
        },
    ),
    "methods named like functions": Case(
        {
            "steps.py": """
                import tools

                def run(x):
                    return tools.load(x).strip().clean()
                """,
            "tools.py": "def load(x):\n    return x\n\ndef strip(x):\n    return x\n\ndef clean(x):\n    return x\n",
        },
        counts={"function": ("tools.py", "def load(x):\n    return x", "def load(x):\n    return -x")},
        does_not={
            "unused function of the same name": (
                "tools.py",
                "def strip(x):\n    return x",
                "def strip(x):\n    return -x",
            ),
            "another": ("tools.py", "def clean(x):\n    return x", "def clean(x):\n    return -x"),
        },
    ),
}

CASES["meanings of names"] = Case(
    {
        "steps.py": """
            import math as maths
            from json import loads as parse
            from statistics import mean
            import tools
            import package
            from tools import one as chosen, TABLE_A as table, TABLE_B

            def fast(x):
                return x + 1

            def slow(x):
                return x + 2

            impl = fast
            first, second = (lambda x: x * 2), (lambda x: x * 3)

            def adder(n):
                return lambda x: x + n

            two, three = adder(2), adder(3)

            class A:
                pass

            class B:
                pass

            Model = A

            def run(x):
                from package import work
                used = (fast, slow, tools.one, tools.two, package.work, package.other, A, B, TABLE_B)
                return (
                    impl(x), chosen(x), first(x), second(x), two(x), three(x), Model(), table, parse(x), mean(x),
                    maths.floor(x), work(x), used
                )
            """,
        "tools.py": """
            TABLE_A = {"a": 1}
            TABLE_B = {"b": 1}

            def one(x):
                return 1

            def two(x):
                return 2
            """,
        "package/__init__.py": "from package.impl import work, other\n",
        "package/impl.py": "def work(x):\n    return 1\n\ndef other(x):\n    return 2\n",
    },
    counts={
        "another function": ("steps.py", "impl = fast", "impl = slow"),
        "another class": ("steps.py", "Model = A", "Model = B"),
        "another imported function": ("steps.py", "one as chosen", "two as chosen"),
        "another constant": ("steps.py", "TABLE_A as table, TABLE_B", "TABLE_B as table, TABLE_B"),
        "lambdas exchanged": ("steps.py", "first, second =", "second, first ="),
        "closures exchanged": ("steps.py", "two, three =", "three, two ="),
        "another function of the standard library": ("steps.py", "import mean", "import median as mean"),
        "another parser": ("steps.py", "from json import loads as parse", "from ast import literal_eval as parse"),
        "another library": ("steps.py", "import math as maths", "import cmath as maths"),
        "another re-export": ("package/__init__.py", "work, other", "other as work, other"),
    },
    does_not={
        "imported from where it was written": (
            "steps.py",
            "from package import work\n",
            "from package import work  # the same\n",
        ),
        "assigned twice": ("steps.py", "impl = fast", "impl = slow\nimpl = fast"),
        "re-exported one by one": (
            "package/__init__.py",
            "from package.impl import work, other",
            "from .impl import work\nfrom .impl import other",
        ),
    },
)
