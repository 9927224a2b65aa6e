"""Small projects, and single edits of each: those that change what `steps.run` does, and those that do not."""

from __future__ import annotations

import textwrap
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import TypeAlias

Files: TypeAlias = dict[str, str]
Edit: TypeAlias = tuple[str, str, str]
"""File, old text that is in it once, new text; an old text of "" appends, and an old text of "*" replaces all."""


@dataclass(frozen=True, slots=True)
class Case:
    """A project with its edits.

    Attributes:
        files: texts by path.
        counts: edits that change what `steps.run` does.
        does_not: edits that do not.
    """

    files: Mapping[str, str]
    counts: Mapping[str, Edit] = field(default_factory=dict)
    does_not: Mapping[str, Edit] = field(default_factory=dict)

    def before(self) -> Files:
        return {name: textwrap.dedent(text).lstrip("\n") for name, text in self.files.items()}

    def after(self, edit: Edit) -> Files:
        files = self.before()
        name, old, new = edit
        if old in ("", "*"):
            files[name] = (files.get(name, "") if old == "" else "") + new
        else:
            assert files[name].count(old) == 1, f"{old!r} is not in {name} exactly once"
            files[name] = files[name].replace(old, new)
        compile(files[name], name, "exec")
        return files


def variants(cases: Mapping[str, Case]) -> Iterator[tuple[str, Files]]:
    """Every project of every case: "name" before, "name: edit" after an edit."""
    for name, case in cases.items():
        yield name, case.before()
        for edit, change in {**case.counts, **case.does_not}.items():
            yield f"{name}: {edit}", case.after(change)
