"""Finds what the text behind loaded code says. Gives nothing where the text on disk is not what was loaded.

A function is believed when compiling the text gives the very code that is loaded. What no compiled code shows
(decorators, annotations, statements of a module) is believed if the file did not change since its import.
"""

from __future__ import annotations

import os
import sys
import tokenize
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from types import CodeType, FunctionType
from typing import Any, NamedTuple

from hydra_cached.fingerprint.bytecode import is_same_code
from hydra_cached.fingerprint.installed import is_site_folder
from hydra_cached.fingerprint.loaded import ImportTimes, changed_ns, compiled_file, is_made_from, is_outdated
from hydra_cached.fingerprint.marked import drop_marks
from hydra_cached.fingerprint.parsing import Parsed, Place, digest_code, parse, read_file, read_function
from hydra_cached.fingerprint.reading import ClassReading, FileReading, FunctionReading, load_reading
from hydra_cached.fingerprint.rows import Rows
from hydra_cached.fingerprint.traces import fits

_MAX_PARSED = 4
_HOLD_FUNCTIONS = (FunctionType, staticmethod, classmethod, property)


@dataclass(frozen=True, slots=True)
class Text:
    """A file as it was when its module was first looked at: from then on it says what that module is.

    Attributes:
        spec: of the import; another import of the same file is another text.
        is_sure: whether it is what was imported, as far as no compiled code shows.
        compiled: stamp of its compiled file; empty without one.
    """

    file: str
    spec: Any
    reading: FileReading
    is_sure: bool
    compiled: tuple[int, ...] = ()

    def stamps(self) -> list[Any]:
        """The file with its stamp and that of its compiled file, for `Sources.has_stamps`."""
        return [self.file, self.reading.stamp, self.compiled]

    def is_still_there(self) -> bool:
        """Whether the file is the same by now."""
        try:
            return _stamp(os.stat(self.file)) == self.reading.stamp
        except OSError:
            return False


class FoundFunction(NamedTuple):
    """What is said of a loaded function, and whether all of that is sure."""

    reading: FunctionReading
    text: Text
    is_sure: bool


class FoundClass(NamedTuple):
    """What is said of a loaded class, and whether all of that is sure."""

    reading: ClassReading
    text: Text
    is_sure: bool


# of this process, not of one run: what a module was imported from never changes
_texts: dict[tuple[str, int], Text | None] = {}


class Sources:
    """Readings of files, from the memo where it knows the file as it is now, else from the text.

    Args:
        rows: of the memo.
    """

    def __init__(self, rows: Rows) -> None:
        self._rows = rows
        self._times = ImportTimes()
        self._texts: dict[tuple[str, int], Text | None] = {}
        self._parsed: dict[str, tuple[tuple[int, ...], Parsed]] = {}
        self._folders: set[str] = set()

    def text(self, file: str, namespace: Mapping[str, Any]) -> Text | None:
        """The text that a module was made from; None without a file that can be read.

        Args:
            file: of the module.
            namespace: of the module.
        """
        spec = namespace.get("__spec__")
        # a file that was run may be run again, and nothing tells the two apart
        texts = self._texts if spec is None else _texts
        key = (file, id(spec))
        known = texts.get(key)
        if known is None or known.spec is not spec:
            known = texts[key] = None if file.startswith("<") else self._look_at(file, spec, namespace)
        return known

    def find_code(self, text: Text, code: CodeType) -> FoundFunction | None:
        """What a text says of a function or lambda by its loaded code; None where the text is of other code."""
        try:
            reading = text.reading.function(digest_code(code))
        except ValueError:
            return None
        if reading is not None:
            return FoundFunction(reading, text, text.is_sure or reading.is_bare)
        place = self._find_place(text, code)
        if place is None:
            return None
        try:
            return FoundFunction(read_function(place), text, text.is_sure or place.is_bare)
        except RecursionError:
            return None

    def find_class(self, cls: type) -> FoundClass | None:
        """What is said of a class; None without source, or where the source is another."""
        module = sys.modules.get(cls.__module__)
        namespace: Mapping[str, Any] = {} if module is None else vars(module)
        own = []
        for member in vars(cls).values():
            if type(member) in _HOLD_FUNCTIONS:
                function = _unwrap(member)
                if _is_own_method(function, cls):
                    own.append(function)
        if own and ("<locals>" in cls.__qualname__ or not _is_at_home(cls, namespace)):
            # the module may have been imported again since; but attrs gives what it makes a copy of its names
            namespace = own[0].__globals__
        file = namespace.get("__file__")
        if not isinstance(file, str):
            # a class of a file that was run, not imported
            file = next((each.__code__.co_filename for each in own), None)
        text = None if file is None else self.text(file, namespace)
        if text is None:
            return None
        codes = [each.__code__ for each in own if each.__code__.co_filename == text.file]
        fitting = [each for each in text.reading.classes(cls.__qualname__) if self._fits(text, each, codes)]
        if len(fitting) != 1:
            return None
        return FoundClass(fitting[0], text, text.is_sure and _is_at_home(cls, namespace))

    def parsed(self, text: Text) -> Parsed | None:
        """The trees of a text; None where the file is another by now."""
        known = self._parsed.get(text.file)
        stamp = text.reading.stamp
        if known is None or known[0] != stamp:
            if not text.is_still_there():
                return None
            parsed = _parse(text.file)
            if parsed is None:
                return None
            self._keep(text.file, stamp, parsed)
            return parsed
        return known[1]

    def place_of(self, function: FunctionType, text: Text) -> Place | None:
        """Where a function stands in its text."""
        return self._find_place(text, function.__code__)

    def has_stamps(self, stamps: Sequence[Any], namespace: Mapping[str, Any]) -> bool:
        """Whether the files of a module are those of `Text.stamps`, and surely what it was imported from."""
        file = namespace.get("__file__")
        if not stamps:
            return not isinstance(file, str)
        if file != stamps[0] or not _is_origin(namespace.get("__spec__"), file):
            return False
        try:
            status = os.stat(file)
        except OSError:
            return False
        return (
            [*_stamp(status)] == stamps[1]
            and [*_compiled_stamp(namespace)] == stamps[2]
            and self._times.is_older(status, str(namespace.get("__name__")))
        )

    # --- files --------------------------------------------------------------------------------------------------------

    def _look_at(self, file: str, spec: Any, namespace: Mapping[str, Any]) -> Text | None:
        try:
            status = os.stat(file)
        except OSError:
            return None
        stamp, compiled = _stamp(status), _compiled_stamp(namespace)
        reading = self._recall(file, stamp)
        if reading is None:
            parsed = _parse(file)
            if parsed is None:
                return None
            reading = read_file(parsed, stamp)
            self._keep(file, stamp, parsed)
            self._rows.put(file, reading.dump())
        return Text(file, spec, reading, self._is_as_loaded(file, spec, namespace, status, reading), compiled)

    def _recall(self, file: str, stamp: tuple[int, ...]) -> FileReading | None:
        if not self._rows.is_kept:
            return None
        folder = os.path.dirname(file)
        if folder not in self._folders:
            self._folders.add(folder)
            self._rows.fetch(_files_like(file))
        reading = load_reading(self._rows.get(file))
        return reading if reading is not None and reading.stamp == stamp else None

    def _is_as_loaded(
        self, file: str, spec: Any, namespace: Mapping[str, Any], status: os.stat_result, reading: FileReading
    ) -> bool:
        if not _is_origin(spec, file):
            return False
        compiled = compiled_file(namespace)
        try:
            made = None if compiled is None else os.stat(compiled)
        except OSError:
            made = None
        is_later = made is not None and made.st_mtime_ns >= changed_ns(status)
        if self._times.is_older(status, str(namespace.get("__name__"))):
            if made is None or is_later or compiled is None:
                return True
            return not self._is_outdated(file, status, compiled, made, reading)
        # edited since this process began, and before the import or after it
        if compiled is not None and made is not None:
            return is_later and is_made_from(compiled, status)
        parsed = self._parsed_now(file, reading)
        # what such statements have done leaves no trace in the module
        return parsed is not None and reading.effects() is None and fits(namespace, parsed)

    def _is_outdated(
        self, file: str, status: os.stat_result, compiled: str, made: os.stat_result, reading: FileReading
    ) -> bool:
        stamp = _stamp(made)
        if reading.verdict[:-1] != stamp:
            parsed = self._parsed_now(file, reading)
            verdict = parsed is not None and is_outdated(compiled, status, parsed.code)
            reading.verdict = (*stamp, int(verdict))
            self._rows.put(file, reading.dump())
        return bool(reading.verdict[-1])

    def _parsed_now(self, file: str, reading: FileReading) -> Parsed | None:
        known = self._parsed.get(file)
        return known[1] if known is not None and known[0] == reading.stamp else _parse(file)

    def _keep(self, file: str, stamp: tuple[int, ...], parsed: Parsed) -> None:
        # trees are large, and hardly ever wanted again
        while len(self._parsed) >= _MAX_PARSED:
            del self._parsed[next(iter(self._parsed))]
        self._parsed[file] = (stamp, parsed)

    # --- places in them -----------------------------------------------------------------------------------------------

    def _find_place(self, text: Text, code: CodeType) -> Place | None:
        """Where code stands whose lines are not those of the text."""
        parsed = self.parsed(text)
        if parsed is None:
            return None
        same = [
            (abs(candidate.co_firstlineno - code.co_firstlineno), index, place)
            for index, (candidate, place) in enumerate(parsed.functions)
            if _qualname_of(candidate) == _qualname_of(code)
            and is_same_code(candidate, code, is_strict=not text.is_sure)
        ]
        return min(same, key=lambda each: each[:2])[2] if same else None

    def _fits(self, text: Text, reading: ClassReading, codes: list[CodeType]) -> bool:
        for code in codes:
            known = reading.methods.get(code.co_name)
            try:
                if known is not None and digest_code(code) in known:
                    continue
            except ValueError:
                return False
            place = self._find_place(text, code)
            if place is None or not self._is_inside(text, place, reading):
                return False
        return True

    def _is_inside(self, text: Text, place: Place, reading: ClassReading) -> bool:
        parsed = self.parsed(text)
        ends = [] if parsed is None else [each.node.end_lineno for each in parsed.classes if each.line == reading.line]
        return any(reading.line <= place.line <= (end or 0) for end in ends)


def _parse(file: str) -> Parsed | None:
    try:
        with tokenize.open(file) as stream:
            parsed = parse(stream.read(), file)
    except (OSError, SyntaxError, ValueError):
        return None
    if parsed is not None:
        drop_marks(parsed.tree)
    return parsed


def _stamp(status: os.stat_result) -> tuple[int, ...]:
    return (status.st_size, status.st_mtime_ns, status.st_ctime_ns, status.st_ino)


def _compiled_stamp(namespace: Mapping[str, Any]) -> tuple[int, ...]:
    compiled = compiled_file(namespace)
    try:
        return () if compiled is None else _stamp(os.stat(compiled))
    except OSError:
        return ()


def _is_origin(spec: Any, file: str) -> bool:
    """Whether a module was imported from a file, as far as its spec knows; one that was run as a script has none."""
    if spec is None:
        return True
    origin = getattr(spec, "origin", None)
    return isinstance(origin, str) and (origin == file or os.path.abspath(origin) == os.path.abspath(file))


def _files_like(file: str) -> list[str]:
    """Files of imported modules that belong to the same project, as likely to be wanted next."""
    root = os.path.dirname(file)
    while os.path.exists(os.path.join(root, "__init__.py")) and os.path.dirname(root) != root:
        root = os.path.dirname(root)
    found = [file]
    start = os.path.join(root, "")
    for module in list(sys.modules.values()):
        other = getattr(module, "__file__", None)
        if isinstance(other, str) and other.startswith(start) and not is_site_folder(other):
            found.append(other)
    return found


def _is_at_home(cls: type, namespace: Mapping[str, Any]) -> bool:
    """Whether a class is the one that its module has under its name; one made inside a function has no other home."""
    if "<locals>" in cls.__qualname__:
        return True
    first, *rest = cls.__qualname__.split(".")
    found = namespace.get(first)
    for name in rest:
        found = getattr(found, name, None)
    return found is cls


def _is_own_method(member: Any, cls: type) -> bool:
    """Whether a function stands in the text of a class: no other module and no decorator made it."""
    if not isinstance(member, FunctionType) or member.__globals__.get("__name__") != cls.__module__:
        return False
    return _qualname_of(member.__code__).rpartition(".")[0] in ("", cls.__qualname__)


def _qualname_of(code: CodeType) -> str:
    return str(getattr(code, "co_qualname", code.co_name))


def _unwrap(member: Any) -> Any:
    if isinstance(member, (staticmethod, classmethod)):
        return member.__func__
    return member.fget if isinstance(member, property) else member
