"""What one call is apart from the calls in its arguments: its code, its literal arguments, its outside inputs."""

from __future__ import annotations

import functools
import os
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Any, TypeAlias

from hydra_cached.errors import NotDigestibleError, TargetError
from hydra_cached.fingerprint import MEMORABLE, ArgumentEncoder, CodeFingerprints, Encoder, FileDigests, digest_scalar
from hydra_cached.graph import Node, Place, Ref, argument_expressions, references
from hydra_cached.keys.encode import digest_text, encode_literals
from hydra_cached.keys.inputs import NamedPath, literal_texts, named_paths
from hydra_cached.targets import TargetPolicy, locate_target, may_be_named

# like positional arguments, and unlike any keyword, these begin with "@" and no "="
VERSION = "@version"
ENV = "@env "
FILE = "@file "
DEPENDS = "@depends_on "
NAMED = "@code "
_OUTSIDE = (VERSION, ENV, FILE, DEPENDS, NAMED)
NO_FILE = "0" * 64
"""Stands for the content of a declared input that is not there."""


@dataclass(frozen=True, slots=True)
class FileUse:
    """A file, folder or glob that a call reads.

    Attributes:
        argument: name of the argument that names it, "" where it is declared by its path.
        label: its path, as seen from the project where it lies inside.
        digest: of its content; None where a declared one is not there.
    """

    argument: str
    label: str
    digest: str | None

    @property
    def name(self) -> str:
        """Its name among the arguments of an identity."""
        return f"{FILE}{self.argument} {self.label}"


# not frozen: that would make it three times as slow to make


@dataclass(slots=True)
class Identity:
    """What one call is, apart from the calls in its arguments. Nobody changes it once it is made.

    Attributes:
        code: fingerprint of the target's code.
        arguments: (name, digest), by name, of every argument without calls in it, and of outside inputs
            ("@version", "@env NAME", "@file ARGUMENT PATH", "@depends_on NAME", "@code NAME"); positional ones are
            "@0", "@1".
        problem: why there is no identity, "" where there is one.
        inputs: files that its literal arguments name.
        outputs: labels of those that an earlier call like this one wrote, which do not count.
        left: labels of folders that arguments name, which do not count unless declared.
        with_code: (name, functions and classes) of arguments in which first-party code was met, or that name some.
        base: what its keys are made of, once it was asked for.
    """

    code: str
    arguments: tuple[tuple[str, str], ...]
    problem: str = ""
    inputs: tuple[FileUse, ...] = ()
    outputs: frozenset[str] = frozenset()
    left: tuple[str, ...] = ()
    with_code: tuple[tuple[str, tuple[Any, ...]], ...] = ()
    base: bytes = b""


OutputsKnown: TypeAlias = Callable[[str], frozenset[str]]
"""Tells by a call's `writer_key` which of the files that it names it wrote when it last ran."""


_WithCode: TypeAlias = list[tuple[str, tuple[Any, ...]]]


class _Noting:
    """Code fingerprints that note which first-party code is asked for."""

    __slots__ = ("_code", "met")

    def __init__(self, code: CodeFingerprints) -> None:
        self._code = code
        self.met: list[Any] = []

    def reference(self, target: Any) -> str | None:
        found = self._code.reference(target)
        if found is not None:
            self.met.append(target)
        return found

    def body(self, target: Any) -> str:
        return self._code.body(target)


class Identifier:
    """Makes identities. Holds the memos that they come from.

    Args:
        policy: of what texts in the arguments name, only what it allows is imported.
    """

    def __init__(
        self, code: CodeFingerprints, files: FileDigests, outputs_known: OutputsKnown, policy: TargetPolicy
    ) -> None:
        self._code = code
        self._files = files
        self._outputs_known = outputs_known
        self._policy = policy
        self._paths: dict[int, tuple[NamedPath, ...]] = {}
        self._prefixes = tuple(root + os.sep for root in files.roots)
        self._scalars: dict[tuple[type, object], str] = {}
        self._kinds: dict[str, str] = {}

    def identify(self, node: Node) -> Identity:
        """The identity of ``node``. Never raises: where something has no digest, ``problem`` says what."""
        call = node.call
        try:
            code = self._code.of_called(call.target)
        except NotDigestibleError as exc:
            return Identity("", (), f"the code of {call.target_id}: {exc.message}")
        found: list[tuple[str, str]] = []
        with_code: _WithCode = []
        texts = False
        for name, expression in argument_expressions(call):
            kind = type(expression)
            if kind in MEMORABLE and not (kind is str and expression.startswith(self._prefixes)):
                # the commonest arguments, and the same ones again and again
                key = (kind, expression)
                digest = self._scalars.get(key)
                if digest is None:
                    digest = self._scalars[key] = digest_scalar(expression)
                found.append((name, digest))
                if kind is str and (self._kind(expression) or self._named_code(call, expression) is not None):
                    texts = True
                continue
            if kind is float:
                found.append((name, digest_scalar(expression)))
                continue
            if kind is Ref:
                # a call, and nothing beside it
                continue
            texts = True
            noting = _Noting(self._code)
            encoder = ArgumentEncoder(noting, self._files.roots)
            try:
                # with calls in it only tried out: what stands beside them may have no digest
                encode_literals(encoder, expression)
            except NotDigestibleError as exc:
                return Identity(code, (), f"argument {name}: {exc.message}")
            except RecursionError:
                return Identity(code, (), f"argument {name}: nested too deep")
            if next(references(expression), None) is None:
                found.append((name, encoder.digest()))
                if noting.met:
                    with_code.append((name, tuple(noting.met)))
        declared = call.declared
        if declared.version is not None:
            found.append((VERSION, digest_text(declared.version)))
        for name in declared.env:
            found.append((ENV + name, digest_text(os.environ.get(name))))
        for other in declared.depends_on:
            try:
                target = locate_target(other, path=node.path) if isinstance(other, str) else other
                found.append((DEPENDS + _name_of(other), self._code.of(target)))
                with_code.append((DEPENDS + _name_of(other), (target,)))
            except (NotDigestibleError, TargetError) as exc:
                return Identity(code, (), f"depends_on: {exc.message}")
        if texts or declared.inputs or declared.outputs or type(call.target) is functools.partial:
            # most calls name neither files nor folders
            return self._add_files(node, code, found, with_code)
        return Identity(code, tuple(sorted(found)), with_code=tuple(with_code))

    def forget_files(self) -> None:
        """Look again which texts name files: a call may have made some."""
        self._kinds.clear()

    def _kind(self, text: str) -> str:
        """What a text names: "file", "folder" or "" for neither. Remembered, for texts come again and again."""
        known = self._kinds.get(text)
        if known is None:
            known = "file" if self._files.is_file(text) else "folder" if self._files.is_folder(text) else ""
            self._kinds[text] = known
        return known

    def paths(self, node: Node) -> tuple[NamedPath, ...]:
        """The texts in the literal arguments of ``node`` that may name files."""
        known = self._paths.get(node.index)
        if known is None:
            known = self._paths[node.index] = named_paths(node.call)
        return known

    def use(self, named: Iterable[NamedPath], outputs: frozenset[str]) -> tuple[FileUse, ...]:
        """What of ``named`` is read: what names a file that is there, and what is declared."""
        found: dict[tuple[str, str], FileUse] = {}
        for each in named:
            if each.role == "output" or (each.role == "automatic" and self._kind(each.text) != "file"):
                continue
            label = self._files.label(each.text)
            if label in outputs:
                continue
            path = self._files.locate(each.text)
            digest = self._files.digest(path) if each.role == "automatic" else self._files.digest_any(path)
            found[each.argument, label] = FileUse(each.argument, label, digest)
        return tuple(found.values())

    def _named_code(self, call: Place, text: str) -> object | None:
        if text.isidentifier():
            return self._code.named_module(text, call.target)
        if "." not in text and ":" not in text:
            return None
        may_import = not self._policy.allow or may_be_named(text.replace(":", "."), self._policy)
        return self._code.named(text, may_import=may_import)

    def _add_named_code(self, node: Node, found: list[tuple[str, str]], with_code: _WithCode) -> None:
        """Code of the user's own that a text in the arguments names counts as if it were called by it."""
        for text in literal_texts(node.call):
            target = self._named_code(node.call, text)
            if target is not None:
                found.append((NAMED + text, self._code.of(target)))
                with_code.append((NAMED + text, (target,)))

    def _add_files(self, node: Node, code: str, found: list[tuple[str, str]], with_code: _WithCode) -> Identity:
        try:
            self._add_named_code(node, found, with_code)
        except NotDigestibleError as exc:
            return Identity(code, (), f"code that an argument names: {exc.message}")
        named = self.paths(node)
        if not named:
            return Identity(code, tuple(sorted(found)), with_code=tuple(with_code))
        outputs = frozenset[str]()
        if any(each.role == "automatic" and self._kind(each.text) == "file" for each in named):
            outputs = self._outputs_known(writer_key(node, code, found))
        inputs = self.use(named, outputs)
        found.extend((each.name, each.digest or NO_FILE) for each in inputs)
        folders = (each for each in named if each.role == "automatic" and self._kind(each.text) == "folder")
        left = tuple(self._files.label(each.text) for each in folders)
        return Identity(code, tuple(sorted(found)), "", inputs, outputs, left, tuple(with_code))


def writer_key(node: Node, code: str, arguments: Iterable[tuple[str, str]]) -> str:
    """The key under which the outputs of this very call are remembered; the contents of files do not count for it."""
    encoder = Encoder()
    encoder.mark("writer")
    encoder.add((node.target_id, code))
    for name, digest in sorted(arguments):
        if not name.startswith(FILE):
            encoder.add(name)
            encoder.add_digest(digest)
    return encoder.digest()


def occurrence_key(node: Node, identity: Identity) -> str:
    """The key of a call at its place whatever its code is: target, path, and arguments that are plain values."""
    with_code = {name for name, _ in identity.with_code}
    encoder = Encoder()
    encoder.mark("occurrence")
    encoder.add((node.target_id, node.path))
    for name, digest in identity.arguments:
        if name not in with_code and not name.startswith(_OUTSIDE):
            encoder.add(name)
            encoder.add_digest(digest)
    return encoder.digest()


def _name_of(other: object) -> str:
    if isinstance(other, str):
        return other
    return f"{getattr(other, '__module__', '')}.{getattr(other, '__qualname__', getattr(other, '__name__', ''))}"
