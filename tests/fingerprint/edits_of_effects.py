"""Edits of what modules do when they are imported: seeds, registrations, patches, and their order."""

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
    "effects in headers": Case(
        {
            "steps.py": """
                import random

                if random.seed(1) is None:
                    A = 1
                if (x := random.seed(2)) is None:
                    pass
                for i in [random.seed(3)]:
                    A = 2
                while random.seed(4):
                    A = 3
                match random.seed(5):
                    case None:
                        A = 4
                try:
                    raise ValueError(random.seed(6))
                except ValueError:
                    pass
                b: random.seed(7) = 1
                make = lambda x=random.seed(8): x
                made = (lambda: random.seed(10))()

                class Lazy:
                    import inner
                    if inner.calm():
                        C = 1

                if inner_size := len("11"):
                    A = 5

                def run():
                    return random.random()
                """,
            "inner.py": "import random\n_ = random.seed(12)\n\ndef calm():\n    return 13\n",
        },
        counts={
            "if": ("steps.py", "seed(1)", "seed(100)"),
            "walrus": ("steps.py", "seed(2)", "seed(200)"),
            "for": ("steps.py", "seed(3)", "seed(300)"),
            "while": ("steps.py", "seed(4)", "seed(400)"),
            "match": ("steps.py", "seed(5)", "seed(500)"),
            "raise": ("steps.py", "seed(6)", "seed(600)"),
            "annotation": ("steps.py", "seed(7)", "seed(700)"),
            "default of a lambda": ("steps.py", "seed(8)", "seed(800)"),
            "lambda that is called": ("steps.py", "seed(10)", "seed(1000)"),
            "import in a class": ("inner.py", "seed(12)", "seed(1200)"),
        },
        does_not={
            "other header": ("steps.py", 'len("11")', 'len("1111")'),
            "unused function of what a class imports": ("inner.py", "return 13", "return 14"),
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
}
