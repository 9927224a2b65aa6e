"""Finds other spellings of known names: approximate matching and edit distance. Judges spelling only, never meaning."""

from __future__ import annotations

import unicodedata
from collections.abc import Iterator

from hydra_cached.examples.ner_corpus import Sentence
from hydra_cached.examples.ner_names import Gazetteer
from hydra_cached.examples.ner_recognisers import Mention


def find_spellings(
    sentences: list[Sentence], names: list[Mention], gazetteer: Gazetteer, max_names: int, letters_per_error: int
) -> list[Mention]:
    """Where known people are written otherwise: misspelt, without accents, or run together in an account or address.

    Args:
        sentences: what is read, addresses and headings included.
        names: people and organisations recognised already; the surest of them are looked for.
        gazetteer: names that are certain; looked for before the others.
        max_names: how many names to look for.
        letters_per_error: a name may differ by one letter for so many of its own.
    """
    folded_texts = [_folded(sentence.text) for sentence in sentences]
    mentions = []
    for kind, name in _wanted(names, gazetteer, max_names):
        pattern = _folded(name)
        max_errors = max(1, len(pattern) // letters_per_error)
        for place, text in enumerate(folded_texts):
            if found := _best_match(pattern, text, max_errors):
                start, end, errors = found
                written = sentences[place].text[start:end]
                score = 1.0 - errors / len(pattern)
                mentions.append(Mention(kind, name, written, sentences[place].document, place, score))
    return sorted(mentions, key=lambda mention: (mention.sentence, mention.name))


def _wanted(names: list[Mention], gazetteer: Gazetteer, max_names: int) -> list[tuple[str, str]]:
    surest: dict[tuple[str, str], float] = {("person", name): 2.0 for name in gazetteer.people}
    surest.update({("organisation", name): 2.0 for name in gazetteer.organisations})
    for mention in names:
        if not mention.name.startswith("@"):
            key = (mention.kind, mention.name)
            surest[key] = max(surest.get(key, 0.0), mention.score)
    long_enough = [(key, score) for key, score in surest.items() if len(key[1]) >= 8]
    return [key for key, _ in sorted(long_enough, key=lambda item: (-item[1], item[0]))[:max_names]]


def _folded(text: str) -> str:
    """Small letters without accents, one for each of the text, so that positions stay the same."""
    return "".join((unicodedata.normalize("NFD", letter)[:1].lower() or letter)[:1] for letter in text)


def _best_match(pattern: str, text: str, max_errors: int) -> tuple[int, int, int] | None:
    """Start, end and errors of the best place in ``text`` where ``pattern`` stands as words of its own."""
    best: tuple[int, int, int] | None = None
    for end, errors in _approximate_ends(pattern, text, max_errors):
        if best is not None and errors >= best[2]:
            continue
        if end < len(text) and text[end].isalpha():
            continue
        earliest = max(0, end - len(pattern) - errors)
        for start in range(earliest, end - len(pattern) + errors + 1):
            is_word_start = start == 0 or not text[start - 1].isalpha()
            if is_word_start and text[start].isalpha() and edit_distance(pattern, text[start:end]) == errors:
                best = (start, end, errors)
                break
    return best


def _approximate_ends(pattern: str, text: str, max_errors: int) -> Iterator[tuple[int, int]]:
    """The ends of all substrings within ``max_errors`` edits of the pattern, with their distances.

    One column of the edit matrix is held in two whole numbers: G. Myers, "A fast bit-vector algorithm for approximate
    string matching based on dynamic programming", Journal of the ACM 46 (1999).
    """
    places: dict[str, int] = {}
    for index, letter in enumerate(pattern):
        places[letter] = places.get(letter, 0) | (1 << index)
    mask, last = (1 << len(pattern)) - 1, 1 << (len(pattern) - 1)
    rises, falls, distance = mask, 0, len(pattern)
    for end, letter in enumerate(text, start=1):
        equal = places.get(letter, 0)
        vertical = equal | falls
        horizontal = (((equal & rises) + rises) ^ rises) | equal
        more = falls | (mask & ~(horizontal | rises))
        less = rises & horizontal
        if more & last:
            distance += 1
        elif less & last:
            distance -= 1
        more, less = (more << 1) & mask, (less << 1) & mask
        rises = less | (mask & ~(vertical | more))
        falls = more & vertical
        if distance <= max_errors:
            yield end, distance


def edit_distance(left: str, right: str) -> int:
    """How many letters to add, drop or replace to turn one text into the other (Levenshtein's distance)."""
    row = list(range(len(right) + 1))
    for count, letter in enumerate(left, start=1):
        corner, row[0] = row[0], count
        for index, other in enumerate(right, start=1):
            corner, row[index] = row[index], min(row[index] + 1, row[index - 1] + 1, corner + (letter != other))
    return row[-1]
