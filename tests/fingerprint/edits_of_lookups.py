"""Edits of what code finds by a name or looks at: texts, dynamic access, docstrings and annotations."""

from __future__ import annotations

from tests.fingerprint.cases import Case

CASES = {
    "names found as texts": Case(
        {
            "steps.py": """
                import importlib
                import sys
                import tools
                import package
                from hydra.utils import get_method

                def helper(x):
                    return x

                def unused(x):
                    return x * 9

                def run(x):
                    named = getattr(tools, "named")(x)
                    other = importlib.import_module("late").work(x)
                    mod = importlib.import_module("package.inner")
                    own = globals()["helper"](x)
                    item = vars(tools)["item"](x) + tools.__dict__["thing"](x)
                    found = getattr(package, "sub").go(x) if hasattr(package, "sub") else 0
                    method = get_method("lookup.method")(x)
                    return named + other + mod.go(x) + own + item + found + method
                """,
            "tools.py": "".join(f"def {n}(x):\n    return '{n}'\n\n" for n in ("named", "item", "thing", "unused")),
            "late.py": "def work(x):\n    return x\n\ndef other(x):\n    return 'other'\n",
            "lookup.py": "def method(x):\n    return x\n\ndef other(x):\n    return 'other'\n",
            "package/__init__.py": "",
            "package/inner.py": "def go(x):\n    return x\n\ndef other(x):\n    return 'other'\n",
            "package/sub.py": "def go(x):\n    return x\n",
        },
        counts={
            "getattr": ("tools.py", "'named'", "'NAMED'"),
            "import_module": ("late.py", "return x", "return -x"),
            "import_module kept in a name": ("package/inner.py", "return x", "return -x"),
            "globals": ("steps.py", "    return x\n", "    return -x\n"),
            "vars": ("tools.py", "'item'", "'ITEM'"),
            "dict of a module": ("tools.py", "'thing'", "'THING'"),
            "module of a package": ("package/sub.py", "return x", "return -x"),
            "dotted text": ("lookup.py", "return x", "return -x"),
        },
        does_not={
            "unused function": ("tools.py", "'unused'", "'UNUSED'"),
            "unused function of its own module": ("steps.py", "x * 9", "x * 8"),
            "other function of a module by its text": ("late.py", "'other'", "'OTHER'"),
            "other function of a module in a name": ("package/inner.py", "'other'", "'OTHER'"),
            "other function beside a dotted text": ("lookup.py", "'other'", "'OTHER'"),
        },
    ),
    "code that runs by its name": Case(
        {
            "steps.py": """
                import runpy as runner

                def run(x):
                    return runner.run_module("worker")["result"]
                """,
            "worker.py": "import below\n\nresult = below.VALUE\n\ndef unused():\n    return 1\n",
            "below.py": "VALUE = 1\n",
            "other.py": "print(1)\n",
        },
        counts={
            "module that is run": ("worker.py", "below.VALUE", "below.VALUE + 1"),
            "module that it imports": ("below.py", "1", "2"),
        },
        does_not={
            "comment in a module that is run": ("worker.py", "", "# a comment\n"),
            "file that is not run": ("other.py", "1", "2"),
        },
    ),
    "dynamic access": Case(
        {
            "steps.py": """
                import operator
                import tools
                import more

                def run(x, name):
                    pick = tools
                    return getattr(pick, name)(x) + operator.methodcaller(name, x)(more)
                """,
            "tools.py": "def a(x):\n    return x\n\nB = 2\n",
            "more.py": "def a(x):\n    return x\n",
        },
        counts={
            "function": ("tools.py", "return x", "return -x"),
            "constant": ("tools.py", "B = 2", "B = 3"),
            "new function": ("tools.py", "", "\ndef c(x):\n    return 1\n"),
            "module handed on": ("more.py", "return x", "return -x"),
        },
        does_not={"comment": ("tools.py", "B = 2", "B = 2  # two")},
    ),
    "docstrings that are read": Case(
        {
            "steps.py": '''
                """Usage: steps."""

                class Signature:
                    """Translate."""

                def unread():
                    """Nobody reads this."""

                def run():
                    unread()
                    return __doc__, Signature.__doc__
                ''',
        },
        counts={
            "of the module": ("steps.py", "Usage: steps.", "Usage: step."),
            "of a class": ("steps.py", "Translate.", "Translate it."),
        },
        does_not={"of a function": ("steps.py", "Nobody reads this.", "Nobody ever reads this.")},
    ),
}
