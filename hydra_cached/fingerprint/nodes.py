"""The graph of code: what counts, and what leads from one to the next. Each node is read when it is first reached."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from types import FunctionType, ModuleType
from typing import Any, TypeAlias

from hydra_cached.fingerprint.bodies import Bodies, Home
from hydra_cached.fingerprint.definition import Kind, digest_text
from hydra_cached.fingerprint.distribution import module_of
from hydra_cached.fingerprint.held import Held, HeldValues

Reader: TypeAlias = Callable[["Nodes", "Node"], None]


class Node:
    """One thing that counts as code, or only leads to others.

    No frozen value but a growing one: thousands are made and visited in a few milliseconds, and they form circles.

    Attributes:
        target: the function, class, module or value itself.
        name: see `Definition.id`.
        kind: None for what only leads to others.
        digest: of its own text or value.
        edges: what it uses.
        reader: finds out all of this; None once that is done.
        home: the module of a function.
        holds_code: whether a constant has functions, classes or modules in it.
        key: sort and names of a node that is known by name.
        members: containers of a class that hold code, by attribute: they count where something reads that attribute.
        uses: names that a function uses, packed.
        kept: names of values that count for it besides its text.
        meanings: "name=what it stands for", for names that stand for something else; of a module all that it holds.
        asks: what it reads of functions and classes without a name, as `Uses.asked`.
        marks: of a version set by hand: what it is declared by.
        is_opaque: whether a constant is, or has in it, what cannot be read.
        visit: number of the last visit.
    """

    # what few nodes have is an attribute of the class: making a node must be quick
    file: str | None = None
    line: int | None = None
    home: Home | None = None
    holds_code = False
    key: tuple[str, ...] = ()
    members: dict[str, Node] | None = None
    uses = ""
    kept: Sequence[str] = ()
    meanings: Sequence[str] = ()
    asks: Sequence[str] = ()
    marks: Any = None
    is_opaque = False
    visit = 0

    def __init__(
        self, target: Any, name: str, kind: Kind | None, digest: str = "", reader: Reader | None = None
    ) -> None:
        self.target = target
        self.name = name
        self.kind: Kind | None = kind
        self.digest = digest
        self.edges: list[Node] = []
        self.reader = reader


class Nodes:
    """All nodes met so far, by what they stand for.

    Args:
        bodies: texts of functions and classes.
        readers: by sort of node.
        named: what a dotted text names.
        run: what counts of a module or a file that is run by its name.

    Attributes:
        bodies: texts of functions and classes.
        held: values that code holds.
        imports: how many modules were imported for being used inside functions.
        imports_of: by module, whether it does something when it is imported, and what it imports.
    """

    def __init__(
        self,
        bodies: Bodies,
        readers: Mapping[str, Reader],
        named: Callable[[str], Any],
        run: Callable[[str, str], Iterable[Node]],
    ) -> None:
        self.bodies = bodies
        self._run = run
        self.held = HeldValues()
        self._named_code = named
        self.imports = 0
        self.imports_of: dict[str, tuple[bool, tuple[str, ...]]] = {}
        self._readers = readers
        self._by_target: dict[int, Node] = {}
        self._by_name: dict[tuple[Any, ...], Node] = {}
        self._modules: dict[str, Node] = {}

    def forget(self) -> None:
        """Drop everything: an import may have changed what names and values are."""
        self.bodies.forget_chains()
        self._by_target.clear()
        self.imports_of.clear()
        self._by_name.clear()
        self._modules.clear()

    def of(self, target: Any) -> Node:
        """The node of a function, class or module, whosever it is; a module stands for all that it holds."""
        found = self._by_target.get(id(target))
        if found is not None:
            return found
        readers = self._readers
        if type(target) is FunctionType:
            home = self.bodies.home(target.__globals__)
            found = Node(target, "", None, "", readers["function" if home.is_first_party else "foreign"])
            found.home = home
        elif isinstance(target, ModuleType):
            return self.whole(target)
        elif self.bodies.is_first_party(target):
            found = Node(target, "", None, "", readers["class" if isinstance(target, type) else "function"])
        else:
            found = Node(target, "", None, "", readers["foreign"])
        self._by_target[id(target)] = found
        return found

    def whole(self, module: ModuleType) -> Node:
        """A module that is used as a whole; one of others is its distribution."""
        origin = self.bodies.origins.of(module)
        if not origin.is_first_party:
            return self.distribution(origin.distribution)
        return self._named("whole", module.__name__, target=module)

    def module(self, name: str) -> Node:
        """What a first-party module does when it is imported, with the code that does it."""
        found = self._modules.get(name)
        if found is None:
            found = self._modules[name] = self._named("module", name)
        return found

    def text(self, name: str) -> Node:
        """What a first-party module does when it is imported, by its text alone."""
        return self._named("text", name)

    def constant(self, module: str, name: str, value: Any) -> Node:
        """A value that a first-party module has under a name."""
        return self._named("constant", module, name, target=value)

    def distribution(self, distribution: tuple[str, str] | None) -> Node:
        """An installed distribution; the standard library is none, and leads to nothing."""
        if distribution is None:
            return self.fixed("nothing", "", None, "")
        node = self.fixed(distribution[0], distribution[1], "distribution", digest_text(*distribution))
        node.target = distribution
        return node

    def fixed(self, name: str, detail: str, kind: Kind | None, digest: str) -> Node:
        """A node that leads nowhere."""
        key = ("fixed", kind, name, detail)
        found = self._by_name.get(key)
        if found is None:
            found = self._by_name[key] = Node(None, name, kind, digest)
        return found

    def add_held(self, node: Node, held: Held, module: str) -> None:
        """Add to the edges of ``node`` what is in a value that it holds."""
        if held.is_plain:
            return
        node.edges.extend(map(self.of, (*held.references, *held.classes)))
        for each in held.opaque:
            node.edges.append(self.fixed(f"{module} ({each})", "", "opaque", digest_text("opaque", each)))

    def named(self, text: str) -> Any:
        """What a dotted text names in the user's code, or None."""
        self.bodies.inputs.texts.add(text)
        found = self._named_code(text)
        if isinstance(found, (FunctionType, type)):
            self.bodies.home_of(module_of(found)).reads[found.__qualname__.partition(".")[0]] = None
        return found

    def run(self, launcher: str, word: str) -> tuple[Node, ...]:
        """What `runpy.run_module` or `run_path` runs when it is given a word; () where that is nothing known."""
        # the text is none of a module that is imported
        self.bodies.inputs.is_whole = False
        return tuple(self._run(launcher, word))

    def described(self) -> Iterator[Node]:
        """All nodes that were read."""
        for node in (*self._by_target.values(), *self._by_name.values()):
            if node.reader is None:
                yield node

    def read(self, node: Node) -> None:
        """Find out all about a node, once."""
        reader = node.reader
        if reader is not None:
            node.reader = None
            reader(self, node)

    def module_of(self, target: Any) -> str:
        """The module that ``target`` was written in."""
        return module_of(target)

    def _named(self, *key: str, target: Any = None) -> Node:
        found = self._by_name.get(key)
        if found is None or found.target is not target:
            found = self._by_name[key] = Node(target, "", None, reader=self._readers[key[0]])
            found.key = key
        return found
