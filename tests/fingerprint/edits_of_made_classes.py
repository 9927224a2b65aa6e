"""Edits of classes that a call or a library makes, and of classes that are changed from outside."""

from __future__ import annotations

from tests.fingerprint.cases import Case

CASES = {
    "types that are declared": Case(
        {
            "steps.py": """
                from typing import NewType, TypeVar

                Number = NewType("Number", int)
                Bound = TypeVar("Bound", bound=int)
                Named = TypeVar("Named", bound="int")
                OneOf = TypeVar("OneOf", int, str)

                def run(x):
                    return Number.__supertype__, Bound.__bound__, Named.__bound__, OneOf.__constraints__
                """,
        },
        counts={
            "new type": ("steps.py", '"Number", int', '"Number", str'),
            "bound": ("steps.py", "bound=int", "bound=str"),
            "bound that is a text": ("steps.py", 'bound="int"', 'bound="str"'),
            "constraints": ("steps.py", "int, str", "int, bytes"),
        },
    ),
    "class made by a call": Case(
        {
            "steps.py": """
                import dataclasses, types

                Row = dataclasses.make_dataclass("Row", [("x", int, 3)])
                Other = types.new_class("Other", (), {}, lambda names: names.update(size=5))

                def run():
                    return Row().x + Other.size
                """
        },
        counts={
            "default of a field": ("steps.py", "int, 3", "int, 4"),
            "attribute": ("steps.py", "size=5", "size=6"),
        },
        does_not={"another class": ("steps.py", "def run", "Unused = types.new_class('Unused')\n\ndef run")},
    ),
    "classes of libraries": Case(
        {
            "steps.py": """
                import attrs
                from pydantic import BaseModel, Field, field_validator
                from tools import check, Inner

                @attrs.frozen
                class Pixel:
                    z: int = 7

                def local():
                    @attrs.frozen
                    class Inside:
                        z: int = 8
                    return Inside

                INSIDE = local()

                @attrs.define
                class Point:
                    x: int = 1
                    y: int = attrs.field(default=2, validator=check)

                    @x.validator if False else (lambda f: f)
                    def total(self):
                        return self.x + self.y

                class Settings(BaseModel):
                    model_config = {"frozen": True}
                    size: int = Field(3, gt=0)
                    inner: Inner = Inner()
                    later: "Later | None" = None

                    @field_validator("size")
                    @classmethod
                    def double(cls, value):
                        return value * 2

                class Later(BaseModel):
                    z: int = 1

                def run():
                    return Point().total(), Settings(size=4).size, Pixel(), INSIDE()
                """.replace("                    @x.validator if False else (lambda f: f)\n", ""),
            "tools.py": """
                from pydantic import BaseModel

                def check(thing, attribute, value):
                    assert value > 0

                class Inner(BaseModel):
                    y: int = 1

                def unused():
                    return 1
                """,
        },
        counts={
            "frozen": ("steps.py", "z: int = 7", "z: int = 9"),
            "frozen inside a function": ("steps.py", "z: int = 8", "z: int = 9"),
            "default": ("steps.py", "x: int = 1", "x: int = 3"),
            "type": ("steps.py", "x: int = 1", "x: float = 1"),
            "validator": ("tools.py", "value > 0", "value > 1"),
            "method": ("steps.py", "self.x + self.y", "self.x - self.y"),
            "model default": ("steps.py", "Field(3, gt=0)", "Field(4, gt=0)"),
            "model bound": ("steps.py", "gt=0", "gt=1"),
            "model type": ("steps.py", "size: int", "size: float"),
            "model validator": ("steps.py", "value * 2", "value * 3"),
            "config of a model": ("steps.py", '"frozen": True', '"frozen": False'),
            "inner model": ("tools.py", "y: int = 1", "y: int = 2"),
            "model named in a text": ("steps.py", "z: int = 1", "z: int = 2"),
        },
        does_not={
            "docstring": (
                "steps.py",
                "class Settings(BaseModel):\n",
                'class Settings(BaseModel):\n    """Settings."""\n\n',
            ),
            "unused": ("tools.py", "return 1", "return 2"),
        },
    ),
    "classes changed from outside": Case(
        {
            "model.py": "class Model:\n    rate = 1\n\n    def fit(self):\n        return 1\n",
            "steps.py": """
                import patch
                from model import Model

                def run():
                    return Model().fit() + Model.rate + Model.extra
                """,
            "patch.py": """
                from model import Model

                def fit(self):
                    return 5

                Model.fit = fit
                Model.rate = 2
                Model.extra = 3
                """,
        },
        counts={
            "method put in": ("patch.py", "return 5", "return 6"),
            "attribute": ("patch.py", "rate = 2", "rate = 3"),
            "new attribute": ("patch.py", "extra = 3", "extra = 4"),
        },
    ),
}
