"""Finds the statements of a module that do something to the world when it is imported: registrations, patches, seeds.

Not among them: definitions, imports, plain assignments, whatever only runs as a script, and what is done to a container
that the module itself made, such as `config["lr"] = 0.1`: whoever reads it sees its content. An assignment is not plain
where it keeps what a call gives whose name says that it does something: `old = np.seterr(all="raise")`. Such calls
count in the defaults of a definition and in the body of a class too, and seeds in decorators.
"""

from __future__ import annotations

import ast
import copy
import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Any, TypeVar

from hydra_cached.fingerprint.reading import ImportReading

_DEFINITIONS = (ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef)
_IMPORTS = (ast.Import, ast.ImportFrom)
_COMPREHENSIONS = (ast.DictComp, ast.ListComp, ast.SetComp)
_DISPLAYS = (ast.Dict, ast.List, ast.Set, ast.Tuple, ast.Constant, ast.JoinedStr, *_COMPREHENSIONS)
_OPERATIONS = (ast.BinOp, ast.BoolOp, ast.UnaryOp, ast.Compare)
_CONTAINERS = frozenset(
    {"dict", "list", "set", "frozenset", "tuple", "str", "int", "float", "bool", "sorted", "OrderedDict", "defaultdict"}
    | {"Counter", "deque", "SimpleNamespace", "types.SimpleNamespace"}
    | {"collections.OrderedDict", "collections.defaultdict"}
    | {"copy.copy", "copy.deepcopy", "deepcopy", "json.load", "json.loads", "yaml.safe_load"}
    | {f"OmegaConf.{name}" for name in ("create", "load", "merge", "structured")}
)
_DOES_SOMETHING = (ast.Call, ast.Await, ast.Yield, ast.YieldFrom, ast.NamedExpr)
_EXPORTS = "__all__"
# what a call is named that is made for what it does, whether or not somebody keeps what it gives
_ACTION = re.compile(
    r"\w*seed\w*|set(?!ting)_?[a-z]\w*|(?:un)?register\w*|(?:un)?install\w*|init(?:iali[sz]e)?|init_\w+|\w*[cC]onfigure\w*"
    r"|(?:basic|dict|file)Config|(?:en|dis)able\w*|(?:de)?activate\w*|(?:monkey_?)?patch\w*|use|load_dotenv|filterwarnings"
    r"|simplefilter|append|extend|insert|add|add_\w+|update|remove|push|bind|connect|start"
).fullmatch
_SEEDING = re.compile(r"\w*seed\w*").fullmatch
_Statement = TypeVar("_Statement", bound=ast.AST)


@dataclass(frozen=True, slots=True)
class _Own:
    """Names to which a module only ever assigns what it makes itself.

    Attributes:
        containers: and plain values, whose methods do nothing to anything else.
        objects: these and new instances of classes: putting something into them is seen in them.
    """

    containers: frozenset[str]
    objects: frozenset[str]


def find_effects(tree: ast.Module) -> Iterator[tuple[int, ast.stmt]]:
    """The statements with effects, without those parts of them that have none; how many imports precede each."""
    own = _find_own(tree)
    imports = 0
    for statement in tree.body:
        imports += sum(isinstance(each, _IMPORTS) for each in _statements([statement], enters_classes=True))
        for kept in _prune([statement], own):
            yield imports, kept


def find_imports(tree: ast.Module) -> list[ImportReading]:
    """The imports of a module itself, those inside definitions left out."""
    mentioned = {node.id for node in ast.walk(tree) if isinstance(node, ast.Name)}
    found = []
    for statement in _statements(tree.body, enters_classes=True):
        if isinstance(statement, ast.Import):
            for alias in statement.names:
                is_used = (alias.asname or alias.name.partition(".")[0]) in mentioned
                found.append(ImportReading(alias.name, "", "" if is_used else alias.name))
        elif isinstance(statement, ast.ImportFrom):
            module = "." * statement.level + (statement.module or "")
            names = [f"{each.name}:{each.asname}" if each.asname else each.name for each in statement.names]
            unused = [each.name for each in statement.names if (each.asname or each.name) not in mentioned]
            found.append(ImportReading(module, " ".join(names), " ".join(unused)))
    return found


def find_assignments(tree: ast.Module) -> Iterator[tuple[str, ast.stmt]]:
    """Every name that the module assigns to, with the statement that does."""
    for statement in _statements(tree.body):
        for name in _assigned(statement):
            yield name, statement


def _statements(body: Iterable[ast.stmt], *, enters_classes: bool = False) -> Iterator[ast.stmt]:
    """All statements that run on import, those inside `if`, `try` and the like too; in bodies of classes if asked."""
    for statement in body:
        yield statement
        if isinstance(statement, _DEFINITIONS) and not (enters_classes and isinstance(statement, ast.ClassDef)):
            continue
        if isinstance(statement, ast.If) and (_is_script_only(statement.test) or _is_for_types_only(statement.test)):
            yield from _statements(statement.orelse, enters_classes=enters_classes)
            continue
        for field in ("body", "orelse", "finalbody"):
            yield from _statements(getattr(statement, field, ()), enters_classes=enters_classes)
        for part in (*getattr(statement, "handlers", ()), *getattr(statement, "cases", ())):
            yield from _statements(part.body, enters_classes=enters_classes)


def _prune(body: Iterable[ast.stmt], own: _Own) -> Iterator[ast.stmt]:
    for statement in body:
        if isinstance(statement, _DEFINITIONS):
            yield from _keep_definition(statement)
            continue
        kept = _keep(statement, own)
        if kept is not None:
            yield kept


def _keep_definition(node: Any) -> Iterator[ast.stmt]:
    """What a definition does where it stands, whoever uses it."""
    if isinstance(node, ast.ClassDef):
        parts = [*node.bases, *(each.value for each in node.keywords)]
    else:
        parts = [*node.args.defaults, *(each for each in node.args.kw_defaults if each is not None)]
    for each in node.decorator_list:
        if _acts(each, _SEEDING):
            yield _placed(ast.Expr(each), each)
    for each in parts:
        if _acts(each):
            yield _placed(ast.Expr(each), each)
    if not isinstance(node, ast.ClassDef):
        return
    own = _find_own(ast.Module(node.body, []))
    if any(_prune(node.body, own)):
        made = copy.copy(node)
        made.bases, made.keywords, made.decorator_list = [], [], []
        # what is assigned in it may be read there
        made.body = [
            kept
            for each in node.body
            for kept in ([each] if isinstance(each, (ast.Assign, ast.AnnAssign)) else _prune([each], own))
        ]
        yield made


def _keep(node: ast.stmt, own: _Own) -> ast.stmt | None:
    """What of a statement has an effect, or None."""
    if isinstance(node, (*_DEFINITIONS, *_IMPORTS, ast.Pass, ast.Global)):
        return None
    if isinstance(node, ast.Raise):
        return node if node.exc is not None and _acts(node.exc) else None
    if isinstance(node, ast.Expr):
        return node if _does_something(node.value) and not _is_of_own(node.value, own) else None
    if isinstance(node, ast.Assert):
        return node if _does_something(node.test) else None
    if isinstance(node, (ast.Assign, ast.AnnAssign, ast.AugAssign, ast.Delete)):
        value = getattr(node, "value", None)
        if isinstance(node, ast.AnnAssign) and _acts(node.annotation):
            # what it is done with does not count as a text
            parts = [node.annotation, *([] if value is None else [value])]
            return _placed(ast.Expr(ast.Tuple(parts, ast.Load())), node)
        return node if _changes_others(node, own) or (value is not None and _acts(value, own=own)) else None
    if isinstance(node, (ast.With, ast.AsyncWith)):
        return node
    if isinstance(node, (ast.For, ast.AsyncFor, ast.While)):
        header = node.test if isinstance(node, ast.While) else node.iter
        return node if _acts(header) or any(_prune((*node.body, *node.orelse), own)) else None
    if isinstance(node, ast.If):
        is_idle = _is_script_only(node.test) or _is_for_types_only(node.test)
        body = [] if is_idle else list(_prune(node.body, own))
        orelse = list(_prune(node.orelse, own))
        is_kept = body or orelse or _acts(node.test)
        return _placed(ast.If(node.test, body or [ast.Pass()], orelse), node) if is_kept else None
    if isinstance(node, ast.Match):
        return (
            node
            if _acts(node.subject) or any(_prune((each for case in node.cases for each in case.body), own))
            else None
        )
    return _keep_try(node, own) if hasattr(node, "handlers") else None


def _keep_try(node: Any, own: _Own) -> ast.stmt | None:
    body, orelse, finalbody = (list(_prune(part, own)) for part in (node.body, node.orelse, node.finalbody))
    handled = [list(_prune(each.body, own)) for each in node.handlers]
    if not (body or orelse or finalbody or any(handled)):
        return None
    handlers = [
        _placed(ast.ExceptHandler(each.type, each.name, kept or [ast.Pass()]), each)
        for each, kept in zip(node.handlers, handled, strict=True)
    ]
    made: ast.stmt = type(node)(body or [ast.Pass()], handlers, orelse, finalbody)
    return _placed(made, node)


def _placed(made: _Statement, node: ast.AST) -> _Statement:
    return ast.fix_missing_locations(ast.copy_location(made, node))


def _does_something(node: ast.AST) -> bool:
    return any(isinstance(inner, _DOES_SOMETHING) for inner in ast.walk(node))


def _acts(node: ast.expr, is_action: Any = _ACTION, own: _Own | None = None) -> bool:
    """Whether an expression contains a call that is made for what it does, as its name says."""
    waiting: list[ast.AST] = [node]
    while waiting:
        each = waiting.pop()
        if isinstance(each, ast.Lambda):
            # only its defaults are read where it stands
            waiting.extend(inner for inner in (*each.args.defaults, *each.args.kw_defaults) if inner is not None)
            continue
        if isinstance(each, ast.Call):
            if isinstance(each.func, ast.Lambda):
                waiting.append(each.func.body)
            name = each.func.attr if isinstance(each.func, ast.Attribute) else getattr(each.func, "id", "")
            if is_action(name) and not (own is not None and _is_of_own(each, own)):
                return True
        waiting.extend(ast.iter_child_nodes(each))
    return False


def _changes_others(node: Any, own: _Own) -> bool:
    if isinstance(node, ast.AnnAssign) and node.value is None:
        return False
    targets = list(node.targets) if isinstance(node, (ast.Assign, ast.Delete)) else [node.target]
    for target in targets:
        if isinstance(target, (ast.Tuple, ast.List)):
            targets.extend(target.elts)
        elif isinstance(target, ast.Starred):
            targets.append(target.value)
        elif isinstance(target, ast.Name):
            # `x += [1]` may change what another module made
            if isinstance(node, ast.AugAssign) and target.id not in own.containers and target.id != _EXPORTS:
                return True
        elif _root(target) not in own.objects:
            return True
    return False


def _is_of_own(node: ast.expr, own: _Own) -> bool:
    """Whether an expression is a call of a method of a container that the module made."""
    if not (isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute)):
        return False
    return _root(node.func) in own.containers or _root(node.func) == _EXPORTS


def _root(node: ast.expr) -> str:
    while isinstance(node, (ast.Attribute, ast.Subscript)):
        node = node.value
    return node.id if isinstance(node, ast.Name) else ""


def _find_own(tree: ast.Module) -> _Own:
    containers: set[str] = set()
    objects: set[str] = set()
    others: set[str] = set()
    for statement in _statements(tree.body):
        if isinstance(statement, ast.AugAssign):
            continue
        targets = statement.targets if isinstance(statement, ast.Assign) else [getattr(statement, "target", None)]
        is_plain = isinstance(statement, (ast.Assign, ast.AnnAssign)) and all(isinstance(t, ast.Name) for t in targets)
        value = statement.value if isinstance(statement, (ast.Assign, ast.AnnAssign)) and is_plain else None
        is_container = _is_container(value, containers)
        for name in _assigned(statement):
            if not is_container:
                containers.discard(name)
            if is_container or _is_new_object(value, objects):
                objects.add(name)
                containers.update([name] if is_container else [])
            else:
                others.add(name)
    return _Own(frozenset(containers - others), frozenset(objects - others))


def _is_container(node: ast.expr | None, containers: set[str]) -> bool:
    """Whether an expression makes a container or plain value whose methods do nothing to anything else."""
    if isinstance(node, _DISPLAYS):
        return True
    if isinstance(node, _OPERATIONS):
        return not _does_something(node)
    if isinstance(node, ast.Call):
        return ast.unparse(node.func) in _CONTAINERS
    # another name for the same thing
    return isinstance(node, ast.Name) and node.id in containers


def _is_new_object(node: ast.expr | None, objects: set[str]) -> bool:
    if isinstance(node, ast.Call):
        name = node.func.attr if isinstance(node.func, ast.Attribute) else getattr(node.func, "id", "")
        return bool(name[:1].isupper())
    return isinstance(node, ast.Name) and node.id in objects


def _assigned(statement: ast.stmt) -> Iterator[str]:
    targets: list[ast.AST] = []
    if isinstance(statement, (ast.Assign, ast.Delete)):
        targets = list(statement.targets)
    elif isinstance(statement, (ast.AnnAssign, ast.AugAssign, ast.For, ast.AsyncFor)):
        targets = [statement.target]
    elif isinstance(statement, (ast.With, ast.AsyncWith)):
        targets = [item.optional_vars for item in statement.items if item.optional_vars is not None]
    elif isinstance(statement, _IMPORTS):
        yield from ((alias.asname or alias.name.partition(".")[0]) for alias in statement.names)
    elif isinstance(statement, _DEFINITIONS):
        yield statement.name
    for target in targets:
        if isinstance(target, (ast.Tuple, ast.List)):
            targets.extend(target.elts)
        elif isinstance(target, ast.Starred):
            targets.append(target.value)
        elif isinstance(target, ast.Name):
            yield target.id


def _is_script_only(test: ast.expr) -> bool:
    if not (isinstance(test, ast.Compare) and len(test.ops) == 1 and isinstance(test.ops[0], ast.Eq)):
        return False
    sides = (test.left, test.comparators[0])
    return any(isinstance(each, ast.Name) and each.id == "__name__" for each in sides) and any(
        isinstance(each, ast.Constant) and each.value == "__main__" for each in sides
    )


def _is_for_types_only(test: ast.expr) -> bool:
    name = test.attr if isinstance(test, ast.Attribute) else getattr(test, "id", "")
    return bool(name == "TYPE_CHECKING")
