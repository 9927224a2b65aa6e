"""Writes a config as YAML that a YAML parser loads back. Shared nodes become anchors and aliases."""

from __future__ import annotations

import re
import sys
from io import StringIO
from typing import Any

import yaml

from hydra_cached.graph.nesting import at_any_depth
from hydra_cached.render.plain import PlainConfig, plain_config

_STR = "tag:yaml.org,2002:str"
_NOT_IN_ANCHORS = re.compile(r"[^0-9A-Za-z_-]")
_MOST_BITS = 2_000
_RARE_BREAKS = frozenset("\x85\u2028\u2029")
# numbers to Hydra's loader or to YAML 1.2, though not to PyYAML's own: 1e3, 0o17
_OTHER_NUMBERS = re.compile(r"[-+]?(?:[0-9][0-9_]*(?:[eE][-+]?[0-9]+)|0o[0-7]+|\.[0-9_]+(?:[eE][-+]?[0-9]+)?)\Z")


def config_to_yaml(config: Any, *, resolve: bool = False) -> str:
    """The config as YAML; a node that occurs at several places is written at the first and referred to at the others.

    Its anchor is named after its shortest config path, `&model_encoder` for `model.encoder`. Interpolations stay as
    written unless ``resolve`` is given, and a reference to a node then becomes an alias. Callables are written as
    their target id; objects that YAML has no form for, as their repr.

    >>> print(config_to_yaml({"a": {"_target_": len, "obj": "12"}}), end="")
    a:
      _target_: builtins.len
      obj: '12'

    Raises:
        ConfigError: the config contains itself, an interpolation cannot be resolved, or it is nested too deep.
    """
    return at_any_depth(lambda: _write_yaml(config, resolve))


def _write_yaml(config: Any, resolve: bool) -> str:
    plain = plain_config(config, resolve=resolve)
    stream = StringIO()
    dumper = _Dumper(stream, _name_anchors(plain))
    try:
        dumper.open()
        dumper.represent(plain.tree)
        dumper.close()
    finally:
        dumper.dispose()
    return stream.getvalue()


def _name_anchors(plain: PlainConfig) -> dict[int, str]:
    names: dict[int, str] = {}
    for key, paths in plain.shared.items():
        shortest = min(paths, key=lambda path: (len(path), sum(len(str(part)) for part in path)))
        name = _NOT_IN_ANCHORS.sub("_", ".".join(map(str, shortest))) or "root"
        unique, number = name, 2
        while unique in names.values():
            unique, number = f"{name}_{number}", number + 1
        names[key] = unique
    return names


class _Dumper(yaml.SafeDumper):
    """PyYAML's safe dumper in block style, with named anchors."""

    def __init__(self, stream: StringIO, names: dict[int, str]) -> None:
        super().__init__(stream, default_flow_style=False, sort_keys=False, allow_unicode=True, width=sys.maxsize)
        self._names = names
        self._names_of_nodes: dict[int, str] = {}

    def ignore_aliases(self, data: Any) -> bool:
        return id(data) not in self._names

    def represent_data(self, data: Any) -> yaml.Node:
        node: yaml.Node = super().represent_data(data)
        if id(data) in self._names:
            self._names_of_nodes[id(node)] = self._names[id(data)]
        return node

    def generate_anchor(self, node: yaml.Node) -> str:
        return self._names_of_nodes[id(node)]


def _represent_text(dumper: _Dumper, text: str) -> yaml.ScalarNode:
    style = "|" if "\n" in text else None
    if not _RARE_BREAKS.isdisjoint(text):
        # YAML reads them as line ends, and folds them away unless they are escaped
        style = '"'
    return dumper.represent_scalar(_STR, text, style=style)


def _represent_int(dumper: _Dumper, number: int) -> yaml.ScalarNode:
    # Python spells, and reads, only so many decimal digits
    text = hex(number) if number.bit_length() > _MOST_BITS else str(number)
    return dumper.represent_scalar("tag:yaml.org,2002:int", text)


_Dumper.add_representer(str, _represent_text)
_Dumper.add_representer(int, _represent_int)
_Dumper.add_implicit_resolver("tag:yaml.org,2002:float", _OTHER_NUMBERS, list("-+.0123456789"))
