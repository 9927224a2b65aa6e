"""Notes what fingerprints are made from beside texts and names of modules, so that it can be looked at again."""

from __future__ import annotations

from dataclasses import dataclass, field


@dataclass(slots=True)
class Inputs:
    """All that was asked so far.

    Attributes:
        absent: modules that were not imported when they were looked for.
        missing: modules that something inside a function uses, and that there are not.
        imported: modules that were imported because something inside a function imports them.
        foreign: attributes of modules that are not the user's, as "module:name", with the module of what was there.
        texts: texts that may name code.
        rooted: modules that hold what may be a path of their project.
        classes: by "module:name" of a class, those names in it whose values count because its text assigns them; None
            where no text tells of it, and all that it consists of counts.
        is_whole: whether nothing else was asked that may have another answer next time.
    """

    absent: set[str] = field(default_factory=set)
    missing: set[str] = field(default_factory=set)
    imported: list[str] = field(default_factory=list)
    foreign: dict[str, str] = field(default_factory=dict)
    texts: set[str] = field(default_factory=set)
    rooted: set[str] = field(default_factory=set)
    classes: dict[str, list[str] | None] = field(default_factory=dict)
    is_whole: bool = True

    def note_member(self, cls: type, name: str) -> None:
        """The value that a class has under a name counts because its text assigns it."""
        names = self.classes.setdefault(class_key(cls), [])
        if names is not None and name not in names:
            names.append(name)


def class_key(cls: type) -> str:
    """The name of a class in `Inputs.classes`."""
    return f"{cls.__module__}:{cls.__qualname__}"
