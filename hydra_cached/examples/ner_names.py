"""Recognises people and organisations by their authors' lists, their shape and the company they keep."""

from __future__ import annotations

import math
import re
from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from hydra_cached.examples.ner_corpus import ADDRESS, Document, Sentence
from hydra_cached.examples.ner_recognisers import Mention


@dataclass(frozen=True, slots=True)
class Gazetteer:
    """Names that are certain, sorted; those of people serve as examples of what a name looks like."""

    people: tuple[str, ...]
    organisations: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Candidate:
    """A run of capitalised words, with the words around it."""

    name: str
    sentence: int
    left: tuple[str, ...]
    right: tuple[str, ...]


# last words of the names of organisations; the second set needs an unusual word before it
LEGAL_FORMS = frozenset(
    "academy ag alliance association authority bank consortium corp corporation foundation gmbh inc institute "
    "laboratories laboratory limited llc ltd society university".split()
)
ORGANISATION_WORDS = LEGAL_FORMS | frozenset(
    "collective committee community company council developers group labs maintainers organisation organization "
    "research school software systems team technologies".split()
)
COMPANIES = frozenset(
    "Amazon Anaconda Anthropic Astral Bloomberg Canonical Dropbox Facebook Google IBM Instagram Intel JetBrains Meta "
    "Microsoft Mozilla NASA NVIDIA Netflix NumFOCUS OpenAI OpenTeams Oracle Quansight Quantopian Reddit Salesforce "
    "Sentry Spotify Stripe Tidelift Uber Yelp".split()
)
LEADING_WORDS = frozenset("a and by copyright from thanks the".split())
ORGANISATIONS = (
    "Apache Software Foundation",
    "Continuum Analytics",
    "Facebook",
    "Free Software Foundation",
    "Hugging Face",
    "JetBrains",
    "Linux Foundation",
    "Massachusetts Institute of Technology",
    "Microsoft",
    "Mozilla Foundation",
    "National Science Foundation",
    "NumFOCUS",
    "Open Collective",
    "Open Source Initiative",
    "Python Packaging Authority",
    "Python Software Foundation",
    "Quansight Labs",
    "Quantopian",
    "Tidelift",
    "University of California",
)
PARTICLES = frozenset("al da de del della der di dos du el la le van von".split())
# first names of many tongues, so that even a small corpus shows what a name looks like
FIRST_NAMES = frozenset(
    "Aarni Adam Adrian Alan Albert Alex Alexander Alice Anders Andrea Andrew Ankit Anna Anthony Antoine Armin Arun "
    "Barry Benjamin Bernát Brett Brian Bruno Carl Carlos Caroline Charles Charlie Chris Christian Christopher Dan "
    "Daniel Daren David Dmitry Donald Dustin Edward Elena Emily Emma Eric Erik Ezio Felix Florian Francesco Frank "
    "Gabriel George Georg Giovanni Graham Grant Greg Guido Gustavo Hans Henry Holger Hugo Ian Irina Ivan Jack Jacob "
    "James Jan Jason Jean Jeff Jennifer Jeremy Joe Johannes John Jonathan Joseph José Juan Julia Julian Jukka Karl "
    "Kate Kevin Kim Laura Lars Leah Leonardo Linda Louis Luca Lucas Luis Łukasz Marc Marco Maria Mariatta Mark Markus "
    "Martin Mathias Matthew Matthias Max Michael Miguel Mike Mohamed Nathan Nathaniel Nick Nicolas Nikita Olga Oliver "
    "Omry Oscar Pablo Patrick Paul Pedro Peter Petr Philip Pierre Rachel Rafael Raymond Richard Robert Ronny Ryan "
    "Samuel Sara Sarah Scott Sebastian Sebastián Sergey Simon Sofia Stefan Stephen Steve Steven Sven Taneli Thomas "
    "Tim Timo Tobias Tom Tomas Travis Victor Vincent Vladimir Wei Will William Wolfgang Xavier Yuri Yuki Zac".split()
)
# capitalised like names, but of products, places and headings
NOT_NAMES = frozenset(
    "acknowledgements actions additional airflow always amazon android anaconda apache api app apple arch array aws "
    "azure badge beta black bug build cache chat changelog chrome class cli cloud code command compiled conda conduct "
    "contributing copyright cpython cuda cython data date debian debug default discord django docker docs "
    "documentation engine english enterprise error example examples excel express extension face facebook fedora file "
    "firefox flask forge fortran free framework function general getting git github gitlab gitter google guide "
    "homebrew http hugging icon input install installation integration intel interface internet ipython java "
    "javascript json jupyter kernel key language latest libera library licence license lightning line linux list mac "
    "nightly oracle solaris xp haiku mailing mapping markdown matrix memory microsoft mode module native network new "
    "notebook object open optional output overflow package pages parallel pattern performance plugin port power press "
    "pro programming project protocol public pure pypi pypy python pytorch query quick read reference release "
    "requirements rest ruby rust safari script search security sequence server service shell slack sorted source "
    "spark specification spyder sql stack stable standard start status storage stream string structure studio style "
    "support syntax table tensorflow terminal test text the thread tool tools tutorial twitter type ubuntu unicode "
    "unix unreleased usage user validation version video visual web wheel wiki windows with word xml yaml youtube zen "
    "zone monday tuesday wednesday thursday friday saturday sunday january february march april may june july august "
    "september october november december".split()
)
TOKEN = re.compile(r"<[^<>\s]+>|@[\w-]+|[^\W\d_](?:[\w'’-]*\w)?\.?|\d[\w.]*|[^\w\s]")
SHAPE = re.compile(r"(?:[^\W\d_a-z]\.?|(?:Mc|Mac|O['’]|D['’]|De|Di|Van)?[^\W\d_][^\W\d_]+(?:-[^\W\d_]+)?)\Z")
HANDLE = re.compile(r"(?:\b(?:and|by|from|thanks|to)|[,&(])\s*(@[A-Za-z][\w-]{2,})\b(?![/(.=])")
WINDOW = 2


def author_names(documents: list[Document]) -> Gazetteer:
    """The people and organisations named as authors or maintainers in metadata, and some well-known organisations."""
    people: set[str] = set()
    organisations: set[str] = set(ORGANISATIONS)
    for document in documents:
        for author in document.authors:
            for part in re.split(r",|;|&|\band\b|\bet al\b", re.sub(r"<[^>]*>|\([^)]*\)|\S+@\S+", ",", author)):
                name = " ".join(part.replace('"', " ").split()).strip(" .")
                words = name.lower().split()
                if ORGANISATION_WORDS & set(words):
                    organisations.add(name.removeprefix("The "))
                elif 2 <= len(words) <= 4 and all(word[0].isupper() or word in PARTICLES for word in name.split()):
                    people.add(name)
    return Gazetteer(tuple(sorted(people)), tuple(sorted(organisations)))


def find_names(sentences: list[Sentence], words: dict[str, int], gazetteer: Gazetteer, rounds: int) -> list[Mention]:
    """People and organisations, by repeated guessing.

    Each round rates the candidates, then learns from the best and worst of them between which words names stand, and
    rates again: bootstrapping as in Riloff and Jones, "Learning dictionaries for information extraction by multi-level
    bootstrapping" (AAAI 1999), with log-odds for weights.

    Args:
        sentences: what is read; headings are passed over, for all of their words may be capitalised.
        words: how often each word is written in small letters.
        gazetteer: names that are certain.
        rounds: how many times to learn.
    """
    candidates = [c for place, sentence in enumerate(sentences) for c in _candidates(place, sentence, words)]
    spelling = _spelling_weights(gazetteer, words)
    shapes = {name: _shape_score(name, words, gazetteer, spelling) for name in sorted({c.name for c in candidates})}
    by_name: dict[str, list[Candidate]] = defaultdict(list)
    for candidate in candidates:
        by_name[candidate.name].append(candidate)
    scores = dict(shapes)
    for _ in range(rounds):
        weights = _context_weights(candidates, scores)
        for name, places in by_name.items():
            context = sum(_context_score(place, weights) for place in places) / len(places)
            scores[name] = shapes[name] + max(-1.5, min(1.5, context))
    mentions = _handles(sentences)
    for candidate in candidates:
        if (score := scores[candidate.name]) > 0:
            kind = "organisation" if _is_organisation(candidate.name, gazetteer) else "person"
            document = sentences[candidate.sentence].document
            probability = 1 / (1 + math.exp(-score))
            mentions.append(Mention(kind, candidate.name, candidate.name, document, candidate.sentence, probability))
    return sorted(mentions, key=lambda mention: (mention.sentence, mention.name))


def _candidates(place: int, sentence: Sentence, words: dict[str, int]) -> Iterator[Candidate]:
    if sentence.is_heading:
        return
    tokens = [token.removesuffix("’s").removesuffix("'s") for token in TOKEN.findall(sentence.text)]
    position = 0
    while position < len(tokens):
        end = position
        while end < len(tokens) and (_is_capitalised(tokens[end]) or (end > position and tokens[end] in PARTICLES)):
            end += 1
            if len(tokens[end - 1]) > 2 and tokens[end - 1].endswith("."):  # not an initial: the sentence ends
                break
        start, run = position, tokens[position:end]
        while run and run[-1] in PARTICLES:
            run.pop()
        while len(run) > 2 and run[0].lower() in LEADING_WORDS:
            start, run = start + 1, run[1:]
        # the word that begins a sentence is capitalised whatever it means
        if start == 0 and run and words.get(run[0].lower(), 0) and run[0] not in FIRST_NAMES:
            start, run = 1, run[1:]
        if 2 <= len(run) <= 5 or (len(run) == 1 and run[0] in COMPANIES):
            around = [token.lower() for token in tokens]
            after = start + len(run)
            left = tuple(around[max(0, start - WINDOW) : start]) or ("^",)
            yield Candidate(" ".join(run).strip("."), place, left, tuple(around[after : after + WINDOW]) or ("$",))
        position = max(end, position + 1)


def _is_capitalised(token: str) -> bool:
    return token[0].isupper()


def _is_organisation(name: str, gazetteer: Gazetteer) -> bool:
    return (
        name in gazetteer.organisations
        or name in COMPANIES
        or name.rsplit(" ", 1)[-1].lower().strip(".") in ORGANISATION_WORDS
    )


def _shape_score(name: str, words: dict[str, int], gazetteer: Gazetteer, spelling: dict[str, float]) -> float:
    """How much a run of words looks like a name by itself, as log-odds."""
    if name in gazetteer.people or name in gazetteer.organisations or name in COMPANIES:
        return 4.0
    parts = [part.strip(".") for part in name.split() if part not in PARTICLES]
    if _is_organisation(name, gazetteer):
        is_unusual = any(words.get(part.lower(), 0) == 0 for part in parts[:-1])
        return 1.5 if is_unusual or parts[-1].lower() in LEGAL_FORMS else -3.0
    if len(parts) > 3 or not all(SHAPE.match(part) for part in parts) or all(len(part) == 1 for part in parts):
        return -4.0
    if any(part.lower() in NOT_NAMES for part in parts) or (len(parts[0]) > 1 and parts[0].isupper()):
        return -4.0
    score = -0.7 + 2.0 * (parts[0] in FIRST_NAMES)
    known = {part for person in gazetteer.people for part in person.split()}
    score += sum(0.75 for part in parts if part in known)
    score -= sum(min(2.0, math.log1p(words.get(part.lower(), 0))) for part in parts)
    letters = [spelling.get(gram, -0.2) for part in parts for gram in _grams(part)]
    return score + sum(letters) / max(1, len(letters))


def _grams(word: str) -> Iterator[str]:
    padded = f"^{word.lower()}$"
    return (padded[i : i + 3] for i in range(len(padded) - 2))


def _spelling_weights(gazetteer: Gazetteer, words: dict[str, int]) -> dict[str, float]:
    """Log-odds of each group of three letters: in the names known so far against the words in small letters."""
    known = sorted(FIRST_NAMES.union(*(person.split() for person in gazetteer.people)))
    return _log_odds(
        (gram for name in known for gram in _grams(name)), (gram for word in words for gram in _grams(word))
    )


def _context_weights(candidates: list[Candidate], scores: dict[str, float]) -> dict[str, float]:
    good = (word for c in candidates if scores[c.name] >= 1.0 for word in _context(c))
    bad = (word for c in candidates if scores[c.name] <= -1.0 for word in _context(c))
    return _log_odds(good, bad)


def _context(candidate: Candidate) -> list[str]:
    left, right = candidate.left, candidate.right
    return [f"{left[-1]} _", f"_ {right[0]}", f"{left[-1]} _ {right[0]}", f"{' '.join(left)} _", f"_ {' '.join(right)}"]


def _context_score(candidate: Candidate, weights: dict[str, float]) -> float:
    return sum(weights.get(word, 0.0) for word in _context(candidate)) / 2


def _log_odds(good: Iterable[str], bad: Iterable[str]) -> dict[str, float]:
    goods, bads = Counter(good), Counter(bad)
    good_total, bad_total = sum(goods.values()) + 1, sum(bads.values()) + 1
    return {
        item: math.log((goods[item] + 0.5) / good_total) - math.log((bads[item] + 0.5) / bad_total)
        for item in sorted(goods.keys() | bads.keys())
        if goods[item] + bads[item] > 1
    }


def _handles(sentences: list[Sentence]) -> list[Mention]:
    """People named by the account they have on a forge, as in ``by @somebody``."""
    return [
        Mention("person", handle, handle, sentence.document, place, 0.9)
        for place, sentence in enumerate(sentences)
        for handle in HANDLE.findall(ADDRESS.sub(" ", sentence.text))
    ]
