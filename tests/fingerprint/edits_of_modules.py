"""Edits of modules: names they take from each other, and what they do when they are imported."""

from __future__ import annotations

from tests.fingerprint.cases import Case

ACME = {
    "site-packages/acme.py": "def work(x):\n    return x\n",
    "site-packages/acme-1.0.dist-info/METADATA": "Metadata-Version: 2.1\nName: acme\nVersion: 1.0\n",
    "site-packages/acme-1.0.dist-info/RECORD": "acme.py,,\n",
}
CASES = {
    "seed": Case(
        {
            "steps.py": """
                import random
                random.seed(3)

                def run():
                    return random.random()
                """
        },
        counts={
            "another seed": ("steps.py", "random.seed(3)", "random.seed(4)"),
            "no seed": ("steps.py", "random.seed(3)\n", ""),
            "called later": ("steps.py", "", "\nrandom.seed(5)\n"),
        },
        does_not={
            "comment": ("steps.py", "random.seed(3)", "random.seed(3)  # fixed"),
            "script": ("steps.py", "", "\nif __name__ == '__main__':\n    random.seed(9)\n    print(run())\n"),
            "types": (
                "steps.py",
                "import random\n",
                "import random\nfrom typing import TYPE_CHECKING\nif TYPE_CHECKING:\n    import json\n",
            ),
        },
    ),
    "effects whose result is kept": Case(
        {
            "steps.py": """
                import decimal
                import random

                import lib

                _ = random.seed(3)
                X: None = random.seed(4)
                if True:
                    y = random.seed(5)
                app = lib.setup(6)
                PLACES = [setattr(decimal.getcontext(), "prec", n) for n in (2, 7)]
                NAMES = {}
                old = NAMES.update(a=1)
                parser = lib.make_parser(8)

                class Config:
                    SEED = 9
                    random.seed(SEED)
                    items = []
                    items.append(10)

                def seeded(number):
                    random.seed(number)
                    return lambda made: made

                @seeded(11)
                def other(x=random.setstate(random.getstate()), y=12):
                    return 13

                @lib.registered(14)
                def step():
                    return 15

                def run():
                    return random.random() + decimal.Decimal(1) / 3
                """,
            "lib.py": """
                import random

                def setup(x):
                    random.seed(x)
                    return 1

                def make_parser(x):
                    return 2

                def registered(x):
                    return lambda made: made
                """,
        },
        counts={
            "assigned": ("steps.py", "seed(3)", "seed(33)"),
            "with a type": ("steps.py", "seed(4)", "seed(44)"),
            "under a condition": ("steps.py", "seed(5)", "seed(55)"),
            "own function": ("steps.py", "setup(6)", "setup(66)"),
            "body of an own function": ("lib.py", "seed(x)", "seed(x + 1)"),
            "comprehension": ("steps.py", "(2, 7)", "(2, 8)"),
            "in a class": ("steps.py", "SEED = 9", "SEED = 99"),
            "decorator": ("steps.py", "seeded(11)", "seeded(111)"),
            "default": ("steps.py", "random.setstate(random.getstate())", "random.setstate(random.getstate()[:])"),
        },
        does_not={
            "own container": ("steps.py", "a=1", "a=2"),
            "no action": ("steps.py", "make_parser(8)", "make_parser(88)"),
            "container in a class": ("steps.py", "append(10)", "append(100)"),
            "other default": ("steps.py", "y=12", "y=122"),
            "body of what is decorated": ("steps.py", "return 13", "return 133"),
            "registration by a decorator": ("steps.py", "registered(14)", "registered(144)"),
        },
    ),
    "order of effects": Case(
        {
            "steps.py": """
                import random
                import one
                import two
                import calm
                import quiet

                random.seed(3)

                def run():
                    return random.random()
                """,
            "one.py": "import deep\n",
            "deep.py": "import one\nimport random\nrandom.seed(1)\n",
            "two.py": "import random\nrandom.seed(2)\n",
            "calm.py": "A = 1\n",
            "quiet.py": "B = 2\n",
        },
        counts={
            "imports": ("steps.py", "import one\nimport two\n", "import two\nimport one\n"),
            "import and statement": (
                "steps.py",
                "import two\nimport calm\nimport quiet\n\nrandom.seed(3)\n",
                "import calm\nimport quiet\n\nrandom.seed(3)\nimport two\n",
            ),
        },
        does_not={
            "modules that do nothing": ("steps.py", "import calm\nimport quiet\n", "import quiet\nimport calm\n"),
            "a module that does nothing goes first": (
                "steps.py",
                "import one\nimport two\nimport calm\n",
                "import calm\nimport one\nimport two\n",
            ),
            "blank lines": ("steps.py", "import two\nimport calm", "import two\n\n\nimport calm"),
        },
    ),
    "effects of a module in use": Case(
        {
            "steps.py": """
                import tools

                def run():
                    return tools.work()
                """,
            "tools.py": """
                import random
                import other

                other.CONFIG["x"] = 1
                random.seed(LEVEL := 3)

                def work():
                    return random.random()
                """,
            "other.py": "CONFIG = {}\n",
        },
        counts={
            "item of another module": ("tools.py", '["x"] = 1', '["x"] = 2'),
            "seed": ("tools.py", "LEVEL := 3", "LEVEL := 4"),
            "new statement": ("tools.py", "def work", "random.shuffle([1, 2])\n\ndef work"),
            "loop": ("tools.py", "def work", "for n in range(3):\n    random.random()\n\ndef work"),
            "attribute of another module": ("tools.py", "def work", "other.NAME = 1\n\ndef work"),
            "deleted item": ("tools.py", "def work", "del other.CONFIG['x']\n\ndef work"),
            "with": ("tools.py", "def work", "with open(__file__) as f:\n    pass\n\ndef work"),
            "statement under a condition": ("tools.py", "def work", "if other.CONFIG:\n    random.seed(4)\n\ndef work"),
            "statement under try": (
                "tools.py",
                "def work",
                "try:\n    random.seed(4)\nexcept ValueError:\n    pass\n\ndef work",
            ),
        },
        does_not={
            "plain assignment": ("tools.py", "def work", "UNUSED = 1\n\ndef work"),
            "conditional import": (
                "tools.py",
                "def work",
                "try:\n    import json\nexcept ImportError:\n    json = None\n\ndef work",
            ),
            "exports": ("tools.py", "def work", "__all__ = ['work']\n__all__ += ['random']\n\ndef work"),
            "unused function": ("tools.py", "", "\ndef unused():\n    return 1\n"),
            "constant of a condition": (
                "tools.py",
                "def work",
                "if True:\n    OTHER = 1\nelse:\n    OTHER = 2\n\ndef work",
            ),
        },
    ),
    "patches": Case(
        {
            **ACME,
            "steps.py": """
                import sys, os
                sys.path.insert(0, os.path.join(os.path.dirname(__file__), "site-packages"))
                import acme
                import patches

                def run(x):
                    return acme.work(x)
                """,
            "patches.py": """
                import acme

                def work(x):
                    return f"<{helper(x)}>"

                def helper(x):
                    return x

                acme.work = work
                """,
        },
        counts={
            "patch": ("patches.py", 'f"<{helper(x)}>"', 'f"({helper(x)})"'),
            "code of a patch": ("patches.py", "return x", "return x * 2"),
            "no patch": ("patches.py", "acme.work = work\n", ""),
        },
        does_not={"docstring": ("patches.py", "import acme\n", '"""Patches."""\nimport acme\n')},
    ),
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
