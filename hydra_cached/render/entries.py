"""One stored result in full: as YAML, as JSON, and what it was computed from as a tree. Reads no store."""

from __future__ import annotations

import datetime
import json
import time
from collections.abc import Sequence
from io import StringIO
from typing import TYPE_CHECKING, Any

import yaml
from rich.console import Console
from rich.text import Text
from rich.tree import Tree

from hydra_cached.render.document import Document
from hydra_cached.render.quantities import format_age, format_count, format_seconds, format_size
from hydra_cached.render.stdout import write_data
from hydra_cached.render.tables import KEY_DIGITS
from hydra_cached.render.yaml import config_to_yaml
from hydra_cached.store import Entry

if TYPE_CHECKING:
    from hydra_cached.store.lineage import Ancestor
    from hydra_cached.store.upkeep import Definition

_WIDEST = 10_000


def entry_document(
    entry: Entry, statistics: tuple[int, float], definitions: Sequence[Definition], *, is_pinned: bool
) -> Document:
    """All that is known of an entry, for programs; times in seconds, ``created`` since the epoch.

    Args:
        statistics: how often it was found, and the seconds that saved.
        definitions: what counted as code of its target.
    """
    info = entry.info
    hits, seconds_saved = statistics
    return {
        "key": info.key,
        "target": info.target,
        "path": info.path,
        "config": _read_config(info.config),
        "recipe_key": info.recipe_key,
        "call_key": info.call_key,
        "content_digest": info.content_digest,
        "code": info.code,
        "arguments": dict(info.arguments),
        "inputs": [{"argument": name, "path": path, "digest": digest} for name, path, digest in info.inputs],
        "outputs": [{"path": path, "digest": digest} for path, digest in info.outputs],
        "env": dict(info.env),
        "definitions": [
            {"kind": each.kind, "id": each.id, "file": each.file, "line": each.line} for each in definitions
        ],
        "carried": dict(info.carried),
        "accepted": list(info.accepted),
        "parents": list(info.parents),
        "holds": list(info.holds),
        "versions": dict(info.versions),
        "created": info.created_s,
        "age_seconds": max(0.0, time.time() - info.created_s),
        "seconds": info.seconds,
        "tree_seconds": info.tree_seconds,
        "hits": hits,
        "seconds_saved": seconds_saved,
        "pinned": is_pinned,
        "codec": entry.codec,
        "size_bytes": entry.size_bytes,
        "object": entry.object_digest,
        "schema": info.schema,
    }


def entry_to_yaml(document: Document) -> str:
    """The same as people read it, as YAML."""
    seconds, tree_seconds = document["seconds"], document["tree_seconds"]
    whole = f", {format_seconds(tree_seconds)} with what is below it" if tree_seconds > seconds else ""
    where = f"objects/{document['object'][:2]}/{document['object']}" if document["object"] else "in the index"
    created = datetime.datetime.fromtimestamp(document["created"]).astimezone().isoformat(" ", "seconds")
    shown = {
        "key": document["key"],
        "target": document["target"],
        "path": document["path"] or "(root)",
        "computed": f"{created}, {format_age(document['age_seconds'])} ago",
        "took": format_seconds(seconds) + whole,
        "size": f"{format_size(document['size_bytes'])}, {document['codec']}, {where}",
        "found": f"{format_count(document['hits'], 'time')}, saved {format_seconds(document['seconds_saved'])}",
        "pinned": document["pinned"],
        "versions": document["versions"],
        "recipe_key": document["recipe_key"],
        "call_key": document["call_key"],
        "content_digest": document["content_digest"],
        "code": document["code"],
        "arguments": document["arguments"],
        "inputs": {each["path"]: each["digest"] for each in document["inputs"]},
        "outputs": {each["path"]: each["digest"] for each in document["outputs"]},
        "env": document["env"],
        "definitions": [_locate(each) for each in document["definitions"]],
        "carried": document["carried"],
        "accepted": document["accepted"],
        "parents": document["parents"],
        "holds": document["holds"],
        "config": document["config"],
    }
    return config_to_yaml({name: value for name, value in shown.items() if value not in ({}, [], None)})


def lineage_document(ancestors: Sequence[Ancestor]) -> list[Document]:
    """The tree of parents as a list, each below the last one of a smaller depth."""
    return [
        {
            "depth": each.depth,
            "key": each.key,
            "target": each.entry.info.target if each.entry else None,
            "path": each.entry.info.path if each.entry else None,
            "seconds": each.entry.info.seconds if each.entry else None,
            "size_bytes": each.entry.size_bytes if each.entry else None,
            "is_stored": each.entry is not None,
            "is_repeated": each.is_repeated,
        }
        for each in ancestors
    ]


def print_lineage(ancestors: Sequence[Ancestor]) -> None:
    """What an entry was computed from, as a tree on stdout."""
    tree = Tree(_describe(ancestors[0]))
    open_branches = [tree]
    for each in ancestors[1:]:
        del open_branches[each.depth :]
        open_branches.append(open_branches[-1].add(_describe(each)))
    console = Console(highlight=False)
    if console.is_terminal:
        console.print(tree)
        return
    stream = StringIO()
    Console(file=stream, width=_WIDEST, color_system=None).print(tree)
    write_data("".join(f"{line.rstrip()}\n" for line in stream.getvalue().splitlines()))


def _describe(ancestor: Ancestor) -> Text:
    name = (ancestor.key[:KEY_DIGITS], "bold")
    if ancestor.entry is None:
        return Text.assemble(name, ("  no longer stored", "dim"))
    info = ancestor.entry.info
    where = f"  {info.path}" if info.path else ""
    if ancestor.is_repeated:
        return Text.assemble(name, f"  {info.target}{where}", ("  as above", "dim"))
    figures = f"  {format_size(ancestor.entry.size_bytes)} in {format_seconds(info.seconds)}"
    return Text.assemble(name, f"  {info.target}{where}", (figures, "dim"))


def _locate(definition: Document) -> str:
    file = definition["file"].removeprefix("<project>/")
    where = f" ({file}:{definition['line']})" if file else ""
    return f"{definition['id']}{where}"


def _read_config(text: str) -> Any:
    """The config of an entry as data; what cannot be read stays text."""
    for read in (json.loads, yaml.safe_load):
        try:
            return read(text)
        except (ValueError, yaml.YAMLError, RecursionError):
            continue
    return text
