"""Edits of modules that code imports in its own way: by a constant, in a loop, late, or for what they do."""

from __future__ import annotations

from tests.fingerprint.cases import Case

CASES = {
    "module named by a constant": Case(
        {
            "steps.py": """
                import importlib

                NAME = "late"

                class Names:
                    OTHER = "other"

                def run():
                    module = importlib.import_module(Names.OTHER)
                    return importlib.import_module(NAME).load(), module.work()
                """,
            "late.py": "def load():\n    return 1\n\ndef unused():\n    return 2\n",
            "other.py": "def work():\n    return 3\n",
        },
        counts={
            "function in it": ("late.py", "return 1", "return 5"),
            "function of one kept under a name": ("other.py", "return 3", "return 5"),
            "another module": ("steps.py", 'NAME = "late"', 'NAME = "other"'),
        },
        does_not={"what is not used of it": ("late.py", "return 2", "return 5")},
    ),
    "plug-ins that a package imports in a loop": Case(
        {
            "steps.py": "import plug\n\ndef run():\n    return [make() for make in plug.MADE]\n",
            "plug/__init__.py": """
                import importlib
                import pkgutil

                MADE = []
                for found in pkgutil.iter_modules(__path__):
                    importlib.import_module(f"{__name__}.{found.name}")
                """,
            "plug/one.py": "from plug import MADE\n\n@MADE.append\ndef make():\n    return 1\n",
        },
        counts={"one of them": ("plug/one.py", "return 1", "return 2")},
        does_not={"comment": ("plug/one.py", "return 1", "return 1  # one")},
    ),
    "imports inside bodies": Case(
        {
            "pack/__init__.py": "",
            "pack/a.py": """
                def go(x):
                    from . import b
                    from .c import work as c_work
                    import pack.d as d
                    import pack.e
                    return b.work(x) + c_work(x) + d.work(x) + pack.e.work(x)
                """,
            **{f"pack/{n}.py": f"def work(x):\n    return x\n\ndef other(x):\n    return '{n}'\n" for n in "bcde"},
            "steps.py": "from pack.a import go as run\n",
        },
        counts={n: (f"pack/{n}.py", "return x", "return -x") for n in "bcde"},
        does_not={f"other of {n}": (f"pack/{n}.py", f"return '{n}'", "return 'other'") for n in "bcde"},
    ),
    "lazy exports": Case(
        {
            "pack/__init__.py": """
                import importlib

                _HOMES = {"work": "pack.impl"}

                def __getattr__(name):
                    if name not in _HOMES:
                        raise AttributeError(name)
                    return getattr(importlib.import_module(_HOMES[name]), name)
                """,
            "pack/impl.py": "def work(x):\n    return x\n\ndef other(x):\n    return 'other'\n",
            "steps.py": "import pack\n\ndef run(x):\n    return pack.work(x)\n",
        },
        counts={
            "function": ("pack/impl.py", "return x", "return -x"),
            "export": ("pack/__init__.py", "name not in", "not name in"),
        },
        does_not={"other": ("pack/impl.py", "'other'", "'another'")},
    ),
    "imported for what it does": Case(
        {
            "steps.py": """
                import settings
                from pack import plugin
                from used import A

                def run():
                    return 1

                def other():
                    return A
                """,
            "settings.py": "import random\nrandom.seed(1)\n\ndef unused():\n    return 1\n",
            "pack/__init__.py": "",
            "pack/plugin.py": "import random\n\ndef setup():\n    random.seed(2)\n\nsetup()\n",
            "used.py": "import random\nrandom.seed(3)\nA = 1\n\ndef unused():\n    return 1\n",
        },
        counts={
            "module": ("settings.py", "seed(1)", "seed(5)"),
            "module of a package": ("pack/plugin.py", "\nsetup()\n", "\nsetup()\nsetup()\n"),
            "what it calls": ("pack/plugin.py", "seed(2)", "seed(5)"),
            "module with names in use elsewhere": ("used.py", "seed(3)", "seed(5)"),
        },
        does_not={
            "unused function": ("settings.py", "return 1", "return 2"),
            "unused function of another": ("used.py", "return 1", "return 2"),
            "constant of another": ("used.py", "A = 1", "A = 2"),
        },
    ),
}
