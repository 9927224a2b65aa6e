"""Edits of classes of every sort, and of what makes them."""

from __future__ import annotations

from tests.fingerprint.cases import Case

CASES = {
    "dataclass": Case(
        {
            "steps.py": """
                from __future__ import annotations
                from dataclasses import dataclass, field
                from tools import make, Part, Other

                LIMIT = 3

                @dataclass
                class Options:
                    size: int = LIMIT
                    parts: list[Part] = field(default_factory=make)
                    later: "Other | None" = None

                    def total(self, of: int = 1) -> int:
                        return self.size + of

                    def unused_annotation(self):
                        x: int = 1
                        return x

                def run():
                    return Options().total()
                """,
            "tools.py": """
                class Part:
                    weight = 1

                class Other:
                    weight = 2

                def make():
                    return [Part()]

                def unused():
                    return 1
                """,
        },
        counts={
            "annotation of a field": ("steps.py", "size: int", "size: float"),
            "default that is computed": ("steps.py", "LIMIT = 3", "LIMIT = 4"),
            "factory": ("tools.py", "[Part()]", "[Part(), Part()]"),
            "type of a field": ("tools.py", "weight = 1", "weight = 5"),
            "type of a field as a text": ("tools.py", "weight = 2", "weight = 5"),
            "annotation of a method of a decorated class": ("steps.py", "of: int = 1", "of: float = 1"),
            "new field": ("steps.py", "    def total", "    more: int = 0\n\n    def total"),
            "option of the decorator": ("steps.py", "@dataclass\n", "@dataclass(order=True)\n"),
            "new method": ("steps.py", "def run", "    def more(self):\n        return 1\n\ndef run"),
        },
        does_not={
            "annotation of a local name": ("steps.py", "x: int = 1", "x: float = 1"),
            "docstring": ("steps.py", "class Options:\n", 'class Options:\n    """Options."""\n\n'),
            "comment": ("steps.py", "size: int = LIMIT", "size: int = LIMIT  # size"),
            "unused function": ("tools.py", "return 1", "return 2"),
        },
    ),
    "plain class": Case(
        {
            "steps.py": """
                from tools import Base, Mixin, Meta, computed

                class Model(Mixin, Base, metaclass=Meta):
                    rate = computed()
                    table = {"a": [1, 2], "f": abs}
                    __slots__ = ("x",)

                    class Inner:
                        depth = 1

                    def __init__(self, x):
                        self.x = x

                    def __add__(self, other):
                        return self.fit() + other

                    def __call__(self):
                        return super().name()

                    @classmethod
                    def make(cls, x=2):
                        return cls(x)

                    def fit(self):
                        return self.rate + self.helper()

                    def _private(self):
                        return 0

                    def last(self):
                        return 1

                    alias = fit

                def run():
                    return Model.make() + 1
                """,
            "tools.py": """
                from abc import ABC, abstractmethod
                from elsewhere import rest

                class Meta(type(ABC)):
                    def __new__(mcls, name, bases, space):
                        space["added"] = 1
                        return super().__new__(mcls, name, bases, space)

                class Root:
                    def __init_subclass__(cls, **kwargs):
                        cls.tag = cls.__name__

                    def name(self):
                        return "root"

                class Base(Root, ABC):
                    limit = 1

                    @abstractmethod
                    def fit(self):
                        ...

                class Mixin:
                    def helper(self):
                        return rest()

                    def name(self):
                        return super().name() + "mixin"

                def computed():
                    return 4

                def unused():
                    return 1
                """,
            "elsewhere.py": "def rest():\n    return 1\n",
        },
        counts={
            "computed attribute": ("tools.py", "return 4", "return 5"),
            "container": ("steps.py", '[1, 2], "f"', '[1, 3], "f"'),
            "inner class": ("steps.py", "depth = 1", "depth = 2"),
            "operator": ("steps.py", "self.fit() + other", "self.fit() - other"),
            "call": ("steps.py", "super().name()\n\n    @classmethod", "super().name() * 2\n\n    @classmethod"),
            "class method": ("steps.py", "return cls(x)", "return cls(x + 1)"),
            "default of a class method": ("steps.py", "x=2", "x=3"),
            "class method made a static one": (
                "steps.py",
                "@classmethod\n    def make(cls, x=2)",
                "@staticmethod\n    def make(cls=None, x=2)",
            ),
            "mixin": ("tools.py", '+ "mixin"', '+ "mixed"'),
            "helper of a mixin": ("elsewhere.py", "return 1", "return 2"),
            "metaclass": ("tools.py", 'space["added"] = 1', 'space["added"] = 2'),
            "hook for subclasses": ("tools.py", "cls.tag = cls.__name__", "cls.tag = cls.__name__.lower()"),
            "root": ("tools.py", '"root"', '"top"'),
            "attribute of a base": ("tools.py", "limit = 1", "limit = 2"),
            "order of bases": ("steps.py", "(Mixin, Base,", "(Base, Mixin,"),
            "alias": ("steps.py", "alias = fit", "alias = _private"),
            "slots": ("steps.py", '("x",)', '("x", "y")'),
        },
        does_not={
            "annotation of a method": ("tools.py", "def helper(self):", "def helper(self) -> int:"),
            "docstring of a method": (
                "steps.py",
                "        return cls(x)",
                '        """Make it."""\n        return cls(x)',
            ),
            "docstring for an ellipsis": ("tools.py", "        ...", '        """Fit."""'),
            "unused function": ("tools.py", "def unused():\n    return 1", ""),
            "order of methods": (
                "steps.py",
                "    def _private(self):\n        return 0\n\n    def last(self):\n        return 1\n",
                "    def last(self):\n        return 1\n\n    def _private(self):\n        return 0\n",
            ),
        },
    ),
    "special classes": Case(
        {
            "steps.py": """
                from enum import Enum, IntFlag, auto
                from typing import NamedTuple, Protocol, TypedDict, runtime_checkable
                from tools import Positive, traced, decorate

                class Color(Enum):
                    RED = auto()
                    BLUE = auto()

                    def label(self):
                        return self.name.lower()

                class Flags(IntFlag):
                    A = 1
                    B = 2

                class Row(NamedTuple):
                    a: int
                    b: str = "x"

                    def both(self):
                        return self.a, self.b

                class Wide(TypedDict, total=False):
                    width: int

                @runtime_checkable
                class HasGo(Protocol):
                    def go(self) -> int: ...

                class Held:
                    size = Positive(3)

                    @traced
                    def go(self):
                        return 1

                @decorate(level=2)
                class Decorated:
                    def go(self):
                        return 5

                class Lazy:
                    def __getattr__(self, name):
                        return len(name)

                    def __getitem__(self, key):
                        return key * 2

                def run():
                    held = Held()
                    return (
                        Color.RED.label(), Flags.A | Flags.B, Row(1).both(), isinstance(held, HasGo), held.size,
                        held.go(), Decorated().go(), Lazy().anything, Lazy()[3], Wide(width=1),
                    )
                """,
            "tools.py": """
                import functools

                class Positive:
                    def __init__(self, start):
                        self.start = start

                    def __set_name__(self, owner, name):
                        self.name = name

                    def __get__(self, thing, owner=None):
                        return self.start

                class traced:
                    def __init__(self, function):
                        functools.update_wrapper(self, function)
                        self.function = function

                    def __get__(self, thing, owner=None):
                        return functools.partial(self.function, thing)

                def decorate(level):
                    def apply(cls):
                        cls.level = level
                        old = cls.go
                        cls.go = lambda self: old(self) * level
                        return cls
                    return apply
                """,
        },
        counts={
            "member": ("steps.py", "    BLUE = auto()\n", "    BLUE = auto()\n    GREEN = auto()\n"),
            "order of members": (
                "steps.py",
                "    RED = auto()\n    BLUE = auto()",
                "    BLUE = auto()\n    RED = auto()",
            ),
            "method of an enum": ("steps.py", "self.name.lower()", "self.name.upper()"),
            "flag": ("steps.py", "B = 2", "B = 4"),
            "field of a tuple": ("steps.py", 'b: str = "x"', 'b: str = "y"'),
            "type of a field of a tuple": ("steps.py", "a: int\n", "a: float\n"),
            "method of a tuple": ("steps.py", "return self.a, self.b", "return self.b, self.a"),
            "typed dict": ("steps.py", "width: int", "height: int"),
            "protocol": ("steps.py", "def go(self) -> int: ...", "def went(self) -> int: ..."),
            "argument of a descriptor": ("steps.py", "Positive(3)", "Positive(4)"),
            "descriptor": ("tools.py", "return self.start", "return -self.start"),
            "method under a descriptor": ("steps.py", "return 1", "return 2"),
            "descriptor of a method": (
                "tools.py",
                "functools.partial(self.function, thing)",
                "functools.partial(self.function, thing or owner)",
            ),
            "class decorator": ("tools.py", "old(self) * level", "old(self) + level"),
            "argument of a class decorator": ("steps.py", "level=2", "level=3"),
            "method of a decorated class": ("steps.py", "return 5", "return 6"),
            "attribute access": ("steps.py", "return len(name)", "return -len(name)"),
            "item access": ("steps.py", "key * 2", "key * 3"),
        },
    ),
}
