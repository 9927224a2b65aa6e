"""Puts what the recognisers found together, ranks it and draws the table. Reads no text."""

from __future__ import annotations

import math
from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass, replace

from hydra_cached.examples.ner_recognisers import Mention
from hydra_cached.examples.ner_spellings import edit_distance


@dataclass(frozen=True, slots=True)
class Entity:
    """A person or thing that the texts name.

    Attributes:
        spellings: every way it is written, sorted.
        documents: the distributions that name it, sorted.
        sentences: positions of the sentences that name it, sorted.
        score: how sure the recognisers are, 0 to 1, and after ``rank`` how much it stands out.
    """

    kind: str
    name: str
    spellings: tuple[str, ...]
    documents: tuple[str, ...]
    sentences: tuple[int, ...]
    score: float


def merge(
    versions: list[Mention],
    licences: list[Mention],
    addresses: list[Mention],
    names: list[Mention],
    spellings: list[Mention],
    min_similarity: float,
) -> list[Entity]:
    """One entity for all mentions of the same thing; people and organisations may be spelt a little differently.

    Two names are the same where their letters are at least ``min_similarity`` alike, 0 to 1, which also brings together
    an account such as ``@samuelcolvin`` and the person's name.
    """
    groups: dict[tuple[str, str], list[Mention]] = defaultdict(list)
    for mention in [*names, *spellings, *versions, *licences, *addresses]:
        groups[mention.kind, mention.name].append(mention)
    representatives: dict[tuple[str, str], str] = {}
    for kind in ("person", "organisation"):
        kind_names = [name for group_kind, name in groups if group_kind == kind]
        for name, first in _same_names(kind_names, min_similarity).items():
            representatives[kind, name] = first
    merged: dict[tuple[str, str], list[Mention]] = defaultdict(list)
    for (kind, name), mentions in sorted(groups.items()):
        merged[kind, representatives.get((kind, name), name)].extend(mentions)
    return [_entity(kind, name, mentions) for (kind, name), mentions in sorted(merged.items())]


def _entity(kind: str, name: str, mentions: list[Mention]) -> Entity:
    sentences = sorted({mention.sentence for mention in mentions})
    return Entity(
        kind,
        name,
        tuple(sorted({mention.text for mention in mentions})),
        tuple(sorted({mention.document for mention in mentions})),
        tuple(sentences),
        max(mention.score for mention in mentions),
    )


def _same_names(names: list[str], min_similarity: float) -> dict[str, str]:
    """Each name with the one it is merged into: the first in the order of full names before accounts."""
    ordered = sorted(names, key=lambda name: (name.startswith("@"), -len(name), name))
    firsts: list[str] = []
    merged: dict[str, str] = {}
    for name in ordered:
        letters = _letters(name)
        for first in firsts:
            others = _letters(first)
            longer = max(len(letters), len(others))
            if 1 - abs(len(letters) - len(others)) / longer < min_similarity:
                continue
            if 1 - edit_distance(letters, others) / longer >= min_similarity:
                merged[name] = first
                break
        else:
            firsts.append(name)
            merged[name] = name
    return merged


def _letters(name: str) -> str:
    return "".join(letter for letter in name.lower() if letter.isalnum()) or name


def rank(entities: list[Entity], per_kind: int, damping: float) -> list[Entity]:
    """The entities that stand out, best first, at most ``per_kind`` of each kind.

    An entity stands out when it is named often and in the company of others that stand out: its confidence, times the
    logarithms of its mentions and of the documents that name it, times its PageRank in the graph of entities named in
    the same sentence or document (Brin and Page, 1998), the best being 1.
    """
    if not entities:
        return []
    centrality = _page_rank(entities, damping)
    scores = [
        entity.score * math.log1p(len(entity.sentences)) * math.log1p(len(entity.documents)) * weight
        for entity, weight in zip(entities, centrality, strict=True)
    ]
    best = max(scores)
    ranked = [replace(entity, score=score / best) for score, entity in zip(scores, entities, strict=True)]
    ranked.sort(key=lambda entity: (-entity.score, entity.kind, entity.name))
    taken: dict[str, int] = defaultdict(int)
    chosen = []
    for entity in ranked:
        taken[entity.kind] += 1
        if taken[entity.kind] <= per_kind:
            chosen.append(entity)
    return chosen


def _page_rank(entities: list[Entity], damping: float, max_rounds: int = 100) -> list[float]:
    links = _links(entities)
    totals = [sum(weights.values()) for weights in links]
    count = len(entities)
    ranks = [1 / count] * count
    for _ in range(max_rounds):
        lost = sum(rank for rank, total in zip(ranks, totals, strict=True) if not total)
        fresh = [(1 - damping + damping * lost) / count] * count
        for index, weights in enumerate(links):
            if totals[index]:
                share = damping * ranks[index] / totals[index]
                for other, weight in weights.items():
                    fresh[other] += share * weight
        change = sum(abs(old - new) for old, new in zip(ranks, fresh, strict=True))
        ranks = fresh
        if change < 1e-9:
            break
    return ranks


def _links(entities: list[Entity]) -> list[dict[int, float]]:
    """Weights between entities: 1 for each document that names both, and 4 for each such sentence."""
    links: list[dict[int, float]] = [defaultdict(float) for _ in entities]
    for weight, groups in (
        (1.0, _grouped((place, index) for index, entity in enumerate(entities) for place in entity.documents)),
        (4.0, _grouped((str(place), index) for index, entity in enumerate(entities) for place in entity.sentences)),
    ):
        for members in groups.values():
            for index in members:
                for other in members:
                    if other != index:
                        links[index][other] += weight
    return [dict(sorted(weights.items())) for weights in links]


def _grouped(pairs: Iterable[tuple[str, int]]) -> dict[str, list[int]]:
    groups: dict[str, list[int]] = defaultdict(list)
    for key, value in pairs:
        groups[key].append(value)
    return groups


def tabulate(rows: list[Entity], max_width: int) -> str:
    """The entities as a table in plain text; columns with words are cut to ``max_width`` letters."""
    head = ("score", "kind", "name", "mentions", "named by", "also written")
    cells = [head]
    for e in rows:
        others = ", ".join(spelling for spelling in e.spellings if spelling != e.name)
        words = [_cut(text, max_width) for text in (e.name, ", ".join(e.documents), others)]
        cells.append((f"{e.score:.3f}", e.kind, words[0], str(len(e.sentences)), words[1], words[2]))
    widths = [max(len(row[column]) for row in cells) for column in range(len(head))]
    lines = ["  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip() for row in cells]
    return "\n".join([lines[0], "  ".join("-" * width for width in widths), *lines[1:]])


def _cut(text: str, max_width: int) -> str:
    return text if len(text) <= max_width else text[: max_width - 1] + "…"
