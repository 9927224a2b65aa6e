"""The recognisers of the named-entity pipeline: each reads the same sentences and looks for one kind of thing."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass

from hydra_cached.examples.ner_corpus import ADDRESS, Document, Sentence


@dataclass(frozen=True, slots=True)
class Mention:
    """One place where an entity is named.

    Attributes:
        kind: "person", "organisation", "version", "licence" or "address".
        name: the name in its normal form.
        text: the name as it is written there.
        sentence: position in the list of sentences.
        score: how sure the recogniser is, 0 to 1.
    """

    kind: str
    name: str
    text: str
    document: str
    sentence: int
    score: float


VERSION = r"v?\d+(?:\.\d+){1,3}(?:\.?(?:a|b|rc|dev|post)\d+)?"
VERSIONS = re.compile(
    rf"(?P<product>[^\W\d_][\w+-]*(?:\.[a-z]\w*)?)(?:'s)?\s*(?:[Vv]ersions?\s*|[Rr]eleases?\s*)?(?:[(:]\s*)?"
    rf"(?P<list>(?:(?:[<>=~!]=?|\^)?\s*{VERSION}\+?(?![\w%.]*\w)(?:,? (?:and|or|to|through) |\s*[,/&-]\s*)?)+)"
)
# words that may stand before a number with a point without being the name of a product
NOT_PRODUCTS = frozenset(
    "a about after age all an and approximately around as at before below between by every for from hours in into is "
    "it least less minutes more most now of on only or over page part rfc previous section seconds since some speed "
    "stable step takes than the then these this times to under until up using was when while with x and/or factor "
    "chapter figure gt lt licence license".split()
)
VERSION_WORDS = frozenset("release released releases since supports requires version versions v".split())

# SPDX identifier, how it is written; the first that fits counts
LICENCES: tuple[tuple[str, re.Pattern[str]], ...] = (
    (
        "Apache-2.0",
        re.compile(r"\bApache(?: Software)?(?:\s+Licen[cs]e)?,?(?:[\s-]*(?:v|version\s*)?2(?:\.0)?)\b", re.I),
    ),
    ("Apache-2.0", re.compile(r"\bApache(?: Software)? Licen[cs]e\b", re.I)),
    ("AGPL-3.0", re.compile(r"\bAGPL(?:[\s-]*v?3(?:\.0)?)?\b")),
    ("LGPL", re.compile(r"\bLGPL(?:[\s-]*v?[23](?:\.[01])?)?\b|\bLesser General Public Licen[cs]e\b")),
    ("GPL", re.compile(r"\b(?:GNU )?GPL(?:[\s-]*v?[23](?:\.0)?)?\b|\bGeneral Public Licen[cs]e\b")),
    (
        "BSD-3-Clause",
        re.compile(r"\b(?:BSD[\s-]*3|3[\s-]*clause BSD|(?:new|modified|revised) BSD)(?:[\s-]*clause)?\b", re.I),
    ),
    ("BSD-2-Clause", re.compile(r"\b(?:BSD[\s-]*2|2[\s-]*clause BSD|simplified BSD)(?:[\s-]*clause)?\b", re.I)),
    ("BSD", re.compile(r"\bBSD\b")),
    (
        "MPL-2.0",
        re.compile(r"\bMPL(?:[\s-]*v?2(?:\.0)?)?\b|\bMozilla Public Licen[cs]e(?:,? (?:version |v)?2\.0)?", re.I),
    ),
    ("PSF-2.0", re.compile(r"\bPSF(?:[\s-]*2(?:\.0)?)?\b|\bPython Software Foundation Licen[cs]e\b")),
    ("CC0-1.0", re.compile(r"\bCC0(?:[\s-]*1\.0)?\b")),
    ("CC-BY", re.compile(r"\bCC[\s-]BY(?:-SA)?(?:[\s-]*[34]\.0)?\b")),
    ("0BSD", re.compile(r"\b0BSD\b")),
    ("Unlicense", re.compile(r"\bUnlicense\b")),
    ("Zlib", re.compile(r"\bzlib licen[cs]e\b", re.I)),
    ("ISC", re.compile(r"\bISC\b")),
    ("MIT", re.compile(r"\b(?:MIT|Expat)\b")),
)
LICENCE_WORD = re.compile(r"\blicen[cs]|\bcopying\b|\bcopyright|\bterms\b|\bSPDX\b|\bdistributed under\b", re.I)
LICENCE_PHRASE = re.compile(r"(?:[Ll]icen[cs]ed?\W+|[Uu]nder (?:the |an? )?)$")

FORGES = frozenset("bitbucket.org codeberg.org github.com gitlab.com".split())
NOT_OWNERS = frozenset("about apps features marketplace orgs sponsors topics users".split())


def find_versions(documents: list[Document], sentences: list[Sentence]) -> list[Mention]:
    """Versions with the product they belong to, as in ``Python 3.10``; bare numbers with a point are no versions.

    A lower-case word counts as a product where it is the name of one of the documents.
    """
    known = {document.name.lower() for document in documents}
    mentions = []
    for place, sentence in enumerate(sentences):
        for found in VERSIONS.finditer(ADDRESS.sub(" ; ", sentence.text)):
            product, score = found["product"], 0.9
            if product.lower() in VERSION_WORDS:
                product, score = sentence.document, 0.6
            elif product.lower() in NOT_PRODUCTS:
                continue
            elif product.lower() not in known:
                if not product[0].isupper():
                    continue
                score = 0.8
            for version in re.findall(VERSION, found["list"]):
                name = f"{product} {version.lstrip('v')}"
                mentions.append(Mention("version", name, name, sentence.document, place, score))
    return mentions


def find_licences(sentences: list[Sentence]) -> list[Mention]:
    """Licences by their SPDX identifier; a name such as MIT counts only where the text speaks of licences.

    A sentence speaks of licences when it, or the heading it follows, has a word for it.
    """
    mentions = []
    is_licence_section = False
    for place, sentence in enumerate(sentences):
        speaks_of_licences = LICENCE_WORD.search(sentence.text) is not None
        if sentence.is_heading or (place and sentences[place - 1].document != sentence.document):
            is_licence_section = sentence.is_heading and speaks_of_licences
        if not (speaks_of_licences or is_licence_section):
            continue
        text = ADDRESS.sub(" ", sentence.text)
        for identifier, start, end in _licences(text):
            is_stated = is_licence_section or LICENCE_PHRASE.search(text[max(0, start - 24) : start]) is not None
            score = 1.0 if is_stated else 0.7
            mentions.append(Mention("licence", identifier, text[start:end], sentence.document, place, score))
    return mentions


def _licences(text: str) -> Iterator[tuple[str, int, int]]:
    taken: list[tuple[int, int]] = []
    for identifier, pattern in LICENCES:
        for found in pattern.finditer(text):
            if all(found.end() <= start or end <= found.start() for start, end in taken):
                taken.append(found.span())
                yield identifier, found.start(), found.end()


def find_addresses(sentences: list[Sentence]) -> list[Mention]:
    """Web sites and e-mail addresses; on a forge the repository counts, elsewhere the host."""
    mentions = []
    for place, sentence in enumerate(sentences):
        for found in ADDRESS.finditer(sentence.text):
            if address := _short_address(found.group()[1:-1]):
                mentions.append(Mention("address", address, address, sentence.document, place, 1.0))
    return mentions


def _short_address(address: str) -> str | None:
    if mail := re.fullmatch(r"(?:mailto:)?([\w.+-]+@[\w-]+(?:\.[\w-]+)+)(?:\?.*)?", address):
        return mail[1].lower()
    found = re.match(r"https?://(?:www\.)?([\w-]+(?:\.[\w-]+)+)(?::\d+)?(/[^?#]*)?", address)
    if not found:
        return None
    host, parts = found[1].lower(), [part for part in (found[2] or "").split("/") if part]
    if host == "pypi.org" and len(parts) >= 2:
        return f"{host}/project/{parts[1].lower()}"
    if host in FORGES:  # a page with one part belongs to an account, not to a repository
        is_repository = len(parts) >= 2 and parts[0] not in NOT_OWNERS
        return f"{host}/{parts[0]}/{parts[1].removesuffix('.git')}".lower() if is_repository else None
    return host
