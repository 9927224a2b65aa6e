"""Edits of what is registered, cached and dispatched."""

from __future__ import annotations

from tests.fingerprint.cases import Case

CASES = {
    "registry read": Case(
        {
            "registry.py": """
                REGISTRY = {}

                def register(name, **options):
                    if name in REGISTRY:
                        raise KeyError(name)
                    def keep(function):
                        REGISTRY[name] = (function, options)
                        return function
                    return keep
                """,
            "plugins.py": """
                from registry import register

                @register("a", level=1)
                def a(x):
                    return help_a(x)

                def help_a(x):
                    return x

                @register("b")
                class B:
                    def go(self):
                        return 1
                """,
            "steps.py": """
                import plugins
                from registry import REGISTRY

                def run(name, x):
                    return REGISTRY[name][0](x)
                """,
        },
        counts={
            "registered function": ("plugins.py", "return help_a(x)", "return -help_a(x)"),
            "its helper": ("plugins.py", "return x", "return -x"),
            "registered class": ("plugins.py", "return 1", "return 2"),
            "option": ("plugins.py", "level=1", "level=2"),
            "name": ("plugins.py", '"b"', '"c"'),
            "one more": ("plugins.py", "", '\n@register("d")\ndef d(x):\n    return x\n'),
        },
        does_not={"unused": ("plugins.py", "", "\ndef d(x):\n    return x\n")},
    ),
    "registered steps": Case(
        {
            "registry.py": """
                REGISTRY = {}
                NAMES = []

                def register(name):
                    assert name not in REGISTRY
                    def keep(function):
                        REGISTRY[name] = function
                        NAMES.append(name)
                        return function
                    return keep
                """,
            "steps.py": """
                from registry import register

                @register("run")
                def run(x):
                    return x

                @register("other")
                def other(x):
                    return x + 1
                """,
        },
        counts={
            "own code": ("steps.py", "return x\n", "return -x\n"),
            "own name": ("steps.py", '"run"', '"ran"'),
            "decorator": (
                "registry.py",
                "        return function",
                "        function.name = name\n        return function",
            ),
        },
        does_not={
            "another registered step": ("steps.py", "x + 1", "x + 2"),
            "name of another": ("steps.py", '"other"', '"another"'),
            "one more": ("steps.py", "", '\n@register("third")\ndef third(x):\n    return x\n'),
        },
    ),
    "registry object": Case(
        {
            "registry.py": """
                class Registry:
                    def __init__(self):
                        self.found = {}

                    def register(self, function):
                        self.found[function.__name__] = function
                        return function

                STEPS = Registry()
                """,
            "steps.py": """
                from registry import STEPS

                @STEPS.register
                def run(x):
                    return x

                @STEPS.register
                def other(x):
                    return x + 1
                """,
        },
        counts={
            "own code": ("steps.py", "return x\n", "return -x\n"),
            "method that registers": ("registry.py", "function.__name__", "function.__qualname__"),
        },
        does_not={"another registered step": ("steps.py", "x + 1", "x + 2")},
    ),
    "registry object read": Case(
        {
            "registry.py": """
                class Registry:
                    def __init__(self):
                        self.found = {}

                    def register(self, function):
                        self.found[function.__name__] = function
                        return function

                    def get(self, name):
                        return self.found[name]

                STEPS = Registry()
                """,
            "plugins.py": "from registry import STEPS\n\ndef a(x):\n    return x\n\nSTEPS.register(a)\n",
            "steps.py": """
                import plugins
                from registry import STEPS

                def run(x):
                    return STEPS.get("a")(x)
                """,
        },
        counts={
            "registered function": ("plugins.py", "return x", "return -x"),
            "no registration": ("plugins.py", "\nSTEPS.register(a)", ""),
        },
    ),
    "registry of subclasses": Case(
        {
            "base.py": """
                class Step:
                    registry = {}
                    order = []

                    def __init_subclass__(cls, **kwargs):
                        super().__init_subclass__(**kwargs)
                        Step.registry[cls.__name__] = cls
                        cls.order.append(cls)

                    def go(self):
                        return 1
                """,
            "steps.py": """
                from base import Step

                class run(Step):
                    def work(self):
                        return self.go()

                class Other(Step):
                    def work(self):
                        return 5
                """,
        },
        counts={"own method": ("steps.py", "self.go()", "self.go() + 1"), "base": ("base.py", "return 1", "return 2")},
        does_not={"sibling": ("steps.py", "return 5", "return 6")},
    ),
    "registry of subclasses read": Case(
        {
            "base.py": """
                class Step:
                    registry = {}

                    def __init_subclass__(cls):
                        Step.registry[cls.__name__] = cls

                    @classmethod
                    def make(cls, name):
                        return cls.registry[name]()
                """,
            "steps.py": """
                from base import Step

                class Other(Step):
                    def work(self):
                        return 5

                def run(name):
                    return Step.make(name).work()
                """,
        },
        counts={"subclass": ("steps.py", "return 5", "return 6")},
    ),
    "memo": Case(
        {
            "steps.py": """
                _CACHE = {}
                _MODEL = None

                def slow(x):
                    if x not in _CACHE:
                        _CACHE[x] = x * 2
                    return _CACHE[x]

                def model():
                    global _MODEL
                    if _MODEL is None:
                        _MODEL = load()
                    return _MODEL

                def load():
                    return 3

                def run(x):
                    return slow(x) + model()
                """
        },
        counts={
            "what is kept": ("steps.py", "x * 2", "x * 3"),
            "what is loaded": ("steps.py", "return 3", "return 4"),
            "what is kept from the start": ("steps.py", "_CACHE = {}", "_CACHE = {1: 5}"),
        },
    ),
    "dispatch": Case(
        {
            "shapes.py": "class Circle:\n    r = 1\n\nclass Square:\n    a = 1\n",
            "kinds.py": """
                from functools import singledispatch, singledispatchmethod
                from shapes import Circle, Square

                @singledispatch
                def area(shape):
                    raise TypeError

                @area.register
                def _(shape: Circle):
                    return shape.r

                @area.register(Square)
                def area_of_square(shape):
                    return shape.a

                class Printer:
                    @singledispatchmethod
                    def show(self, x):
                        return "?"

                    @show.register
                    def _(self, x: int):
                        return "int"
                """,
            "more.py": "from kinds import area\n\n@area.register(int)\ndef of_int(x):\n    return x\n",
            "steps.py": """
                import more
                from kinds import area, Printer

                def run(x):
                    return area(x), Printer().show(x)
                """,
        },
        counts={
            "default": ("kinds.py", "raise TypeError", "raise ValueError"),
            "by annotation": ("kinds.py", "return shape.r", "return -shape.r"),
            "by class": ("kinds.py", "return shape.a", "return -shape.a"),
            "in another module": ("more.py", "return x", "return -x"),
            "class dispatched on": ("shapes.py", "r = 1", "r = 2"),
            "method": ("kinds.py", '"int"', '"integer"'),
            "default method": ("kinds.py", '"?"', '"!"'),
        },
    ),
    "objects": Case(
        {
            "steps.py": """
                import functools
                import operator
                import threading
                from tools import Counter, Session, scale, connect, wrap

                COUNTER = Counter(3)
                SESSION = Session(retries=3)
                LOCKED = connect(4)
                HALF = functools.partial(scale, by=2)
                BOUND = COUNTER.add
                PICK = operator.attrgetter("limit")
                WRAPPED = wrap(scale)

                def run(x):
                    return COUNTER(x) + HALF(x) + SESSION.get() + BOUND(x) + PICK(COUNTER) + LOCKED.level + WRAPPED(x)
                """,
            "tools.py": """
                import threading

                class Counter:
                    def __init__(self, limit):
                        self.limit = limit

                    def __call__(self, x):
                        return min(x, self.limit)

                    def add(self, x):
                        return x + self.limit

                class Session:
                    def __init__(self, retries):
                        self.retries = retries
                        self.lock = threading.Lock()

                    def get(self):
                        return self.retries

                def connect(level):
                    return Session(level + BASE)

                BASE = 1

                def scale(x, by=1):
                    return x * by

                def wrap(function):
                    class Wrapper:
                        def __init__(self):
                            self.function = function
                            self.lock = threading.Lock()

                        def __call__(self, x):
                            return self.function(x) + 1

                        def __reduce__(self):
                            raise TypeError

                    return Wrapper()
                """,
        },
        counts={
            "state": ("steps.py", "Counter(3)", "Counter(4)"),
            "call": ("tools.py", "min(x", "max(x"),
            "bound method": ("tools.py", "x + self.limit", "x - self.limit"),
            "argument of what cannot be read": ("steps.py", "retries=3", "retries=4"),
            "method of what cannot be read": ("tools.py", "return self.retries", "return -self.retries"),
            "argument of its factory": ("steps.py", "connect(4)", "connect(5)"),
            "factory": ("tools.py", "level + BASE", "level - BASE"),
            "constant of its factory": ("tools.py", "BASE = 1", "BASE = 2"),
            "argument of a partial": ("steps.py", "by=2", "by=3"),
            "function of a partial": ("tools.py", "x * by", "x / by"),
            "attribute": ("steps.py", '("limit")', '("limit.real")'),
            "code of a wrapper": ("tools.py", "self.function(x) + 1", "self.function(x) + 2"),
        },
    ),
}
