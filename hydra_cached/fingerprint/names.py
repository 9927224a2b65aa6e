"""Reads from compiled code which names it uses, where there is no text to read. Resolves none of them."""

from __future__ import annotations

import dis
from types import CodeType

from hydra_cached.fingerprint.bytecode import inner_codes
from hydra_cached.fingerprint.chains import OWN_MODULE, Uses

_GLOBAL = frozenset({"LOAD_GLOBAL", "LOAD_NAME", "LOAD_FROM_DICT_OR_GLOBALS"})
_ATTRIBUTE = frozenset({"LOAD_ATTR", "LOAD_METHOD"})
_BETWEEN = frozenset({"CACHE", "PUSH_NULL", "EXTENDED_ARG", "NOP"})
_OWN_NAMESPACE = frozenset({"globals", "eval", "exec"})


def uses_of_code(code: CodeType) -> Uses:
    """What a function uses, with everything inside it; what it imports counts as a whole."""
    names: dict[str, None] = {}
    imports: dict[str, None] = {}
    blind: list[tuple[int, str, str, str]] = []
    for inner in inner_codes(code):
        _scan(inner, names, imports)
    for name in _OWN_NAMESPACE.intersection(names):
        names[OWN_MODULE] = None
        if name != "globals":
            blind.append((code.co_firstlineno, f"{name}(…)", "", ""))
    asked = "__subclasses__" if any("__subclasses__" in inner.co_names for inner in inner_codes(code)) else ""
    return Uses(names=" ".join(names), imports=" ".join(imports), asked=asked, blind=blind)


def _scan(code: CodeType, names: dict[str, None], imports: dict[str, None]) -> None:
    chain = ""
    loaded: list[object] = [0, None]
    module = ""
    for instruction in dis.get_instructions(code):
        name, value = instruction.opname, instruction.argval
        if name in _BETWEEN:
            continue
        if chain and name in _ATTRIBUTE:
            chain += f".{value}"
            continue
        if chain:
            names[chain] = None
        chain = str(value) if name in _GLOBAL else ""
        if name == "IMPORT_NAME":
            level = loaded[0] if isinstance(loaded[0], int) else 0
            module = f"{'.' * level}{value}"
            # what is taken from it comes with the next instructions
            imports[f"{module}:" if loaded[1] else f"{module}:*"] = None
        elif name == "IMPORT_FROM":
            imports[f"{module}:{value}"] = None
        loaded = [loaded[1], value]
    if chain:
        names[chain] = None
