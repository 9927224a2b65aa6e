"""Reads from a syntax tree which names a definition uses, and how. Resolves none of them.

Names are dotted chains that begin with a name of the module, as in "tools.scale"; what is local is left out. A
container that is only written into says nothing of what a function does: `register` is the same whatever it registers.
"""

from __future__ import annotations

import ast
import re
from collections.abc import Callable, Iterable
from typing import Any

from hydra_cached.fingerprint.bindings import COMPREHENSIONS, FUNCTIONS, bind_function, bind_imports, spec_of
from hydra_cached.fingerprint.chains import NOWHERE, Chains, Uses, name_of

_MUTATORS = frozenset(
    {"add", "append", "appendleft", "clear", "discard", "extend", "insert", "pop", "popitem", "popleft", "remove"}
    | {"setdefault", "update"}
)
_DOTTED = re.compile(r"[A-Za-z_]\w*(?:\.[A-Za-z_]\w*)+")
_MAX_TEXT = 200
# no name: it marks the scope of a class body
_IS_CLASS = ""


def uses_of_function(node: ast.AST, *, reads_annotations: bool = False) -> Uses:
    """What a function or lambda uses, with everything inside it, and what made it."""
    visitor = _Visitor()
    visitor.visit_function(node, reads_annotations)
    return visitor.found()


def uses_of_class(node: ast.ClassDef, is_apart: Callable[[ast.AST], bool]) -> Uses:
    """What a class statement uses; of methods that are ``is_apart`` only what made them."""
    visitor = _Visitor()
    visitor.visit_class(node, is_apart)
    return visitor.found()


def uses_of_statements(statements: Iterable[ast.AST]) -> Uses:
    """What statements of a module use; what they call are makers."""
    visitor = _Visitor(is_making=True)
    # nothing is local there: imports of the module are names of the module
    visitor.visit_all(statements)
    return visitor.found()


class _Visitor(Chains):
    """One walk over a definition."""

    def __init__(self, *, is_making: bool = False) -> None:
        super().__init__()
        self._is_making = is_making

    def visit(self, node: ast.AST) -> None:
        handler = _HANDLERS.get(type(node))
        if handler is not None:
            handler(self, node)
            return
        for name in node._fields:
            value = getattr(node, name, None)
            if isinstance(value, list):
                for item in value:
                    if isinstance(item, ast.AST):
                        self.visit(item)
            elif isinstance(value, ast.AST):
                self.visit(value)

    # --- definitions --------------------------------------------------------------------------------------------------

    def visit_function(self, node: Any, reads_annotations: bool = False) -> None:
        decorators = getattr(node, "decorator_list", ())
        for decorator in decorators:
            self._make(decorator)
        arguments: ast.arguments = node.args
        for default in (*arguments.defaults, *arguments.kw_defaults):
            if default is not None:
                self.visit(default)
        if decorators or reads_annotations:
            for annotation in (*_annotations(arguments), getattr(node, "returns", None)):
                if annotation is not None:
                    self._annotate(annotation)
        outer, self._is_making = self._is_making, False
        self.scopes.append(bind_function(node))
        self.visit_all(node.body if isinstance(node.body, list) else [node.body])
        self.scopes.pop()
        self._is_making = outer

    def visit_class(self, node: ast.ClassDef, is_apart: Callable[[ast.AST], bool] = lambda method: False) -> None:
        for decorator in node.decorator_list:
            self._make(decorator)
        self.visit_all((*node.bases, *node.keywords))
        outer, self._is_making = self._is_making, False
        # names of a class body hide nothing from its methods, and only for a while from itself
        self.scopes.append({_IS_CLASS: None, **bind_imports(node)})
        is_decorated = bool(node.decorator_list or node.keywords)
        for statement in node.body:
            if isinstance(statement, FUNCTIONS):
                if not is_apart(statement):
                    self.visit_function(statement, is_decorated)
                    continue
                for decorator in statement.decorator_list:
                    self._make(decorator)
            elif isinstance(statement, ast.AnnAssign):
                self._annotate(statement.annotation)
                self._visit_annotated(statement)
            else:
                self.visit(statement)
        self.scopes.pop()
        self._is_making = outer

    def _make(self, node: ast.expr) -> None:
        """A decorator, or what a statement of a module calls: the last of its calls makes, the arguments are read."""
        if isinstance(node, ast.Call):
            self._make(node.func)
            self.visit_all((*node.args, *node.keywords))
        elif isinstance(node, (ast.Name, ast.Attribute)):
            outer, self.sink = self.sink, self.makers
            self.visit(node)
            self.sink = outer
        else:
            self.visit(node)

    def _annotate(self, node: ast.expr) -> None:
        for inner in ast.walk(node):
            if isinstance(inner, ast.Constant) and isinstance(inner.value, str):
                try:
                    self.visit(ast.parse(inner.value, mode="eval").body)
                except SyntaxError:
                    continue  # text in an Annotated or a Literal
        self.visit(node)

    # --- expressions --------------------------------------------------------------------------------------------------

    def _visit_name(self, node: ast.Name) -> None:
        if isinstance(node.ctx, ast.Load):
            self.add(node.id, [])
        elif self.scopes and _IS_CLASS not in self.scopes[-1] and self.scope_of(node.id) is NOWHERE:
            # declared global
            self.writes[node.id] = None

    def _visit_attribute(self, node: ast.Attribute) -> None:
        if isinstance(node.ctx, ast.Load):
            self.add_expression(node)
        else:
            self.write(node)

    def _visit_subscript(self, node: ast.Subscript) -> None:
        if not isinstance(node.ctx, ast.Load):
            self.visit(node.slice)
            self.write(node.value)
        elif not self.add_item(node.value, node.slice):
            self.visit(node.value)
            self.visit(node.slice)

    def _visit_call(self, node: ast.Call) -> None:
        function = node.func
        name = name_of(function)
        if name and self.scope_of(name) is NOWHERE and self.add_special_call(name, node):
            return
        if self.add_import_call(node, []):
            return
        is_get = isinstance(function, ast.Attribute) and function.attr == "get" and bool(node.args)
        if is_get and self.add_item(function.value, node.args[0]):  # type: ignore[attr-defined]
            # globals().get("name")
            self.visit_all(node.args[1:])
            return
        self.add_look(node)
        self.add_launch(node)
        if self._is_making:
            self._make(function)
        else:
            self.visit(function)
        self.visit_all((*node.args, *node.keywords))

    def _visit_comprehension(self, node: Any) -> None:
        first, *others = node.generators
        self.visit(first.iter)
        names = (inner for each in node.generators for inner in ast.walk(each.target))
        self.scopes.append({inner.id: None for inner in names if isinstance(inner, ast.Name)})
        self.visit_all(first.ifs)
        for each in others:
            self.visit_all((each.iter, *each.ifs))
        self.visit_all(getattr(node, part) for part in ("elt", "key", "value") if hasattr(node, part))
        self.scopes.pop()

    def _visit_constant(self, node: ast.Constant) -> None:
        text = node.value
        if type(text) is str and "." in text and len(text) <= _MAX_TEXT and _DOTTED.fullmatch(text):
            self.texts[text] = None

    # --- statements ---------------------------------------------------------------------------------------------------

    def _visit_expression(self, node: ast.Expr) -> None:
        call = node.value
        if isinstance(call, ast.Call) and isinstance(call.func, ast.Attribute) and call.func.attr in _MUTATORS:
            # REGISTRY.append(function)
            self.write(call.func.value)
            self.visit_all((*call.args, *call.keywords))
        else:
            self.visit(call)

    def _visit_for(self, node: ast.For | ast.AsyncFor) -> None:
        if self.scopes:
            self.visit_all((node.target, node.iter, *node.body, *node.orelse))
            return
        # what a loop of a module leaves behind is the last of what it was given, and that counts
        self.visit(node.iter)
        names = {inner.id for inner in ast.walk(node.target) if isinstance(inner, ast.Name)}
        outer, self.loops = self.loops, self.loops | names
        self.visit_all((node.target, *node.body, *node.orelse))
        self.loops = outer

    def _visit_if(self, node: ast.If) -> None:
        # if name in REGISTRY: raise ...
        is_refusal = not node.orelse and all(isinstance(each, ast.Raise) for each in node.body)
        self._visit_condition(node.test, is_refusal)
        self.visit_all((*node.body, *node.orelse))

    def _visit_assert(self, node: ast.Assert) -> None:
        self._visit_condition(node.test, True)
        if node.msg is not None:
            self.visit(node.msg)

    def _visit_condition(self, test: ast.expr, is_refusal: bool) -> None:
        if is_refusal and isinstance(test, ast.Compare) and isinstance(test.ops[0], (ast.In, ast.NotIn)):
            self.visit(test.left)
            self.write(test.comparators[0])
            self.visit_all(test.comparators[1:])
        else:
            self.visit(test)

    def _visit_assignment(self, node: ast.Assign) -> None:
        spec = spec_of(node.value)
        if spec is not None and len(node.targets) == 1 and isinstance(node.targets[0], ast.Name) and self.scopes:
            # what is used of the module comes with the name
            self.imports[f"{spec}:"] = None
            self.visit(node.value.func)  # type: ignore[attr-defined]
            return
        self.visit_all((*node.targets, node.value))

    def _visit_augmented(self, node: ast.AugAssign) -> None:
        target = node.target
        if isinstance(target, ast.Subscript):
            self.visit(target.slice)
            self.write(target.value)
        else:
            self.visit(target)
        self.visit(node.value)

    def _visit_annotated(self, node: ast.AnnAssign) -> None:
        self.visit(node.target)
        if node.value is not None:
            self.visit(node.value)

    def _visit_import(self, node: ast.Import) -> None:
        for alias in node.names:
            self.imports[f"{alias.name}:"] = None

    def _visit_import_from(self, node: ast.ImportFrom) -> None:
        module = "." * node.level + (node.module or "")
        for alias in node.names:
            # a name comes with its use
            is_used = alias.name == "*" or not self.scopes
            self.imports[f"{module}:{alias.name}" if is_used else f"{module}:"] = None


_HANDLERS: dict[type, Callable[[_Visitor, Any], None]] = {
    ast.Name: _Visitor._visit_name,
    ast.Attribute: _Visitor._visit_attribute,
    ast.Subscript: _Visitor._visit_subscript,
    ast.Call: _Visitor._visit_call,
    ast.Constant: _Visitor._visit_constant,
    ast.Expr: _Visitor._visit_expression,
    ast.For: _Visitor._visit_for,
    ast.AsyncFor: _Visitor._visit_for,
    ast.If: _Visitor._visit_if,
    ast.Assert: _Visitor._visit_assert,
    ast.Assign: _Visitor._visit_assignment,
    ast.AugAssign: _Visitor._visit_augmented,
    ast.AnnAssign: _Visitor._visit_annotated,
    ast.Import: _Visitor._visit_import,
    ast.ImportFrom: _Visitor._visit_import_from,
    ast.FunctionDef: _Visitor.visit_function,
    ast.AsyncFunctionDef: _Visitor.visit_function,
    ast.Lambda: _Visitor.visit_function,
    ast.ClassDef: _Visitor.visit_class,
    **dict.fromkeys(COMPREHENSIONS, _Visitor._visit_comprehension),
}


def _annotations(arguments: ast.arguments) -> list[ast.expr | None]:
    every = [*arguments.posonlyargs, *arguments.args, *arguments.kwonlyargs, arguments.vararg, arguments.kwarg]
    return [argument.annotation for argument in every if argument is not None]
