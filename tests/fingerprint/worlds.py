"""Small projects, and what may be different in a process that has imported them although no file is."""

from __future__ import annotations

WORLD = {
    "steps.py": """
        import os.path
        import textwrap
        import tools
        from collections import namedtuple
        from enum import Enum
        from functools import lru_cache, partial, wraps
        from registry import REGISTRY
        from pack import part
        from tools import TABLES as tables

        LIMIT = 3
        PLACE = os.path.join(os.path.dirname(__file__), "data")
        TABLE = {"a": [1, {"b": 2}], "f": tools.helper}
        half = partial(tools.helper, 1)
        Row = namedtuple("Row", "a b")

        class Kind(Enum):
            A = 1

            def show(self):
                return self.value

        class Base:
            def base(self):
                return 1

        class Model(Base):
            rate = 1
            kept = {"a": abs}
            _hidden = 4
            wrapped = lru_cache(maxsize=3)(tools.helper)

            def fit(self):
                return self.rate, self.kept, self._hidden

            @property
            def size(self):
                return 1

            @staticmethod
            def twice(x):
                return x

        STORE = Model()
        STORE.x = 1

        def make(n):
            def tick():
                return n
            return tick

        tick = make(1)

        def logged(function):
            @wraps(function)
            def wrapper(*args):
                return function(*args)
            return wrapper

        @logged
        def told(x):
            return x

        def run(x, y=2, *, z=3):
            import late
            from pack import extra
            try:
                import not_installed_anywhere
            except ImportError:
                pass
            assert x not in {"one", "two", "three"}
            return (
                tools.helper(x), LIMIT, TABLE, half, Kind.A.show(), STORE.fit(), tick(), textwrap.dedent(x), REGISTRY,
                late.go(), part.go(), extra.go(), tools.CONST, "lookup.find", "pack.part.go", Row(1, 2), told(x),
                tables, whole(x), PLACE,
            )

        def whole(name):
            import everything
            return getattr(everything, name)

        def other(x):
            return tools.other(x) + LIMIT

        class Step:
            def __call__(self, x):
                return tools.helper(x) + tools.CONST[0]
        """,
    "tools.py": """
        CONST = (1, 2)
        TABLES = {"t": 1}

        def helper(x):
            return x

        def other(x):
            return x + 1
        """,
    "registry.py": "REGISTRY = {}\n\ndef register(f):\n    REGISTRY[f.__name__] = f\n    return f\n",
    "filler.py": "import registry\n\n@registry.register\ndef filled():\n    return 1\n",
    "late.py": "def go():\n    return 1\n",
    "lookup.py": "def find():\n    return 1\n",
    "everything.py": "A = 1\n\ndef f():\n    return 1\n",
    "pack/__init__.py": "",
    "pack/part.py": "def go():\n    return 1\n",
    "pack/extra.py": "def go():\n    return 1\n",
}
# what may be different in a process although no file is
SEEN = [
    "import filler",
    "tools.helper = tools.other",
    "steps.LIMIT = 4",
    "steps.LIMIT = 3.0",
    "steps.LIMIT = True",
    "del steps.LIMIT",
    "steps.TABLE['a'][1]['b'] = 3",
    "steps.TABLE['f'] = tools.other",
    "steps.Model.rate = 9",
    "steps.Model._hidden = 9",
    "steps.Model.extra = 9",
    "steps.Model.fit = tools.other",
    "steps.Model.fit = lambda self: 1",
    "steps.Model.size = property(tools.other)",
    "steps.Model.twice = steps.Model.twice",
    "steps.Model.kept['b'] = abs",
    "steps.Model.wrapped = lru_cache(maxsize=4)(tools.helper)",
    "steps.Base.base = tools.other",
    "steps.Model.__bases__ = (steps.Step,)",
    "steps.Kind.show = tools.other",
    "steps.Row._fields = ('a', 'c')",
    "steps.Row = namedtuple('Row', 'a c')",
    "steps.STORE.x = 2",
    "steps.run.__defaults__ = (5,)",
    "steps.run.__kwdefaults__['z'] = 4",
    "steps.run.mark = 1",
    "steps.tick.__closure__[0].cell_contents = 2",
    "steps.tick = steps.make(3)",
    "steps.told.__wrapped__.__code__ = tools.other.__code__",
    "steps.told = tools.helper",
    "tools.helper.__code__ = tools.other.__code__",
    "tools.helper.__code__ = tools.helper.__code__.replace(co_consts=(5,))",
    "tools.CONST = [1, 2]",
    "del tools.CONST",
    "steps.tables = dict(tools.TABLES)",
    "import textwrap; textwrap.dedent = tools.other",
    "import late; late.go = tools.other",
    "import lookup; lookup.find = tools.other",
    "import pack.part; pack.part.go = tools.other",
    "import everything; everything.B = 2",
    "import everything; everything.A = 2",
    "sys.modules['late'] = registry",
    "sys.modules['not_installed_anywhere'] = registry",
    "steps.half = tools.helper",
    "fake = type(sys)('tools'); vars(fake).update(vars(tools), helper=tools.other); steps.tools = fake",
    "fake = type(sys)('tools'); vars(fake).update(vars(tools), helper=tools.other); sys.modules['tools'] = fake",
    "fake = type(sys)('late'); fake.go = tools.other; sys.modules['late'] = fake",
]
SEEN += ["import os; os.chdir(os.path.dirname(sys.argv[1]))", "steps.PLACE = '/data'"]
# imports that bodies make anyway, values that nothing reads, and what is set back
NOT_SEEN = ["", "import late", "import pack.extra", "import lookup", "tools.UNUSED = 1", "tools.other.mark = 1"]

ODD_WORLD = {
    "steps.py": """
        import functools
        import logging
        import attr
        import shapes
        from shapes import *
        from abc import ABC, abstractmethod

        LOG = logging.getLogger(__name__)
        half = functools.partial(shapes.area, scale={"a": 1})

        class Meta(type):
            def made(cls):
                return cls.__name__

        class Shape(metaclass=Meta):
            _known = {"area": shapes.area}
            sides = [1, 2]

            def __init_subclass__(cls, **options):
                cls.kind = options.get("kind", "plain")

        class Round(Shape, kind="round"):
            __slots__ = ("r",)

            def __init__(self, r):
                self.r = r

            def __getstate__(self):
                return {"r": self.r}

            @classmethod
            def unit(cls):
                return cls(1)

            @functools.cached_property
            def cost(self):
                return 1

            def grow(self, by=1):
                return by

            shrink = functools.partialmethod(grow, by=-1)

        @attr.s(auto_attribs=True)
        class Options:
            size: int = 1

            def __call__(self):
                return self.size

        class Task(ABC):
            priority = 1

            @abstractmethod
            def go(self): ...

        class Fast(Task):
            def go(self):
                return super().go()

        @functools.singledispatch
        def show(x):
            return "?"

        @show.register
        def _(x: int):
            return "int"

        UNIT = Round.unit()
        CHOSEN = {"round": Round, "fast": (Fast, [shapes.area])}
        NAMES = {"a", "b"}

        def known(x, found={}):
            found[x] = x
            return found

        def reader(module):
            def read(x):
                return module.area(x)
            return read

        read = reader(shapes)

        def run(x):
            LOG.info("%s", x)
            return (
                half(x), Shape.made(), Round(x).cost, UNIT.r, Options()(), Fast().go(), show(x), CHOSEN, NAMES,
                known(x), read(x), area(x), Round(x).shrink(), Shape._known, shapes.SCALE,
            )
        """,
    "shapes.py": "SCALE = 2\n\ndef area(x, scale=None):\n    return x\n\ndef other(x, scale=None):\n    return x + 1\n",
    **dict.fromkeys(("pack.py", "registry.py", "tools.py"), ""),
}
ODD = [
    "steps.half.keywords['scale']['a'] = 2",
    "steps.half = __import__('functools').partial(steps.shapes.area, scale={'a': 2})",
    "steps.Meta.made = steps.shapes.other",
    "steps.Shape._known['area'] = steps.shapes.other",
    "steps.Shape._known['more'] = steps.shapes.other",
    "steps.Shape.sides.append(3)",
    "steps.Round.kind = 'square'",
    "steps.Round.unit = classmethod(lambda cls: cls(2))",
    "steps.Round.unit = staticmethod(steps.Round.unit.__func__)",
    "steps.Round.cost.func.__code__ = steps.shapes.other.__code__.replace(co_freevars=())",
    "steps.Round.grow.__defaults__ = (2,)",
    "vars(steps.Round)['shrink'].keywords['by'] = -2",
    "steps.Round.shrink = __import__('functools').partialmethod(steps.Round.grow, by=-3)",
    "steps.Round.__init__ = steps.shapes.other",
    "steps.Round.__getstate__ = steps.shapes.other",
    "steps.Options.__init__ = steps.shapes.other",
    "steps.Options.__call__ = steps.shapes.other",
    "steps.Options.size = 3",
    "steps.Task.priority = 2",
    "steps.Task.go = steps.shapes.other",
    "steps.Fast.__mro__[1].priority = [1]",
    "steps.show.register(str)(steps.shapes.other)",
    "steps.UNIT.r = 3",
    "steps.UNIT = steps.Options()",
    "steps.CHOSEN['fast'][1].append(steps.shapes.other)",
    "steps.CHOSEN['round'] = steps.Fast",
    "steps.NAMES.add('c')",
    "steps.known(3)",
    "steps.known.__defaults__ = None",
    "steps.read = steps.reader(registry)",
    "registry.area = steps.shapes.other; steps.read = steps.reader(registry)",
    "steps.area = steps.shapes.other",
    "steps.shapes.area = steps.shapes.other",
    "steps.shapes.SCALE = 2.0",
    "steps.shapes.__getattr__ = lambda name: 1; del steps.shapes.SCALE",
    "steps.LOG.setLevel(10)",
    "steps.LOG = registry",
    "steps.logging = registry",
    "sys.modules['shapes'] = registry",
    "steps.run = type(run)(run.__code__, {**vars(steps), 'read': abs}, 'run'); run = steps.run",
    "run = steps.run = type(run)(run.__code__, {'__name__': 'steps'}, 'run')",
    "run = lambda x: 1",
    "run = steps.known",
]
