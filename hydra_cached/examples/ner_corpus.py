"""The texts of the named-entity pipeline: finds, reads, cleans and splits them. Recognises nothing."""

from __future__ import annotations

import hashlib
import html
import importlib.metadata
import re
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, replace
from email import message_from_string

from hydra_cached import not_deterministic


@dataclass(frozen=True, slots=True)
class Listing:
    """An installed distribution, seen from outside: enough to know whether its text changed."""

    name: str
    version: str
    size_chars: int
    sha256: str


@dataclass(frozen=True, slots=True)
class Document:
    """A distribution's long description, with the authors its metadata names."""

    name: str
    version: str
    authors: tuple[str, ...]
    text: str


@dataclass(frozen=True, slots=True)
class Sentence:
    """A sentence or heading of a document; addresses stand in angle brackets."""

    document: str
    text: str
    is_heading: bool


@not_deterministic
def list_distributions(max_documents: int) -> list[Listing]:
    """The installed distributions with the longest metadata, by name.

    A look outside, so it is made in every run. It is cheap; as long as it sees the same, all that follows is reused.
    """
    found: dict[str, Listing] = {}
    for distribution in importlib.metadata.distributions():
        text = _metadata_text(distribution)
        name, version = _header(text, "Name"), _header(text, "Version")
        key = _normalised(name)
        if name and key not in found:  # the first on the path is the one that imports find
            digest = hashlib.sha256(text.encode("utf-8", "surrogateescape")).hexdigest()
            found[key] = Listing(name, version, len(text), digest)
    longest = sorted(found.items(), key=lambda item: (-item[1].size_chars, item[0]))[:max_documents]
    return [listing for _, listing in sorted(longest)]


def collect(distributions: list[Listing], max_characters: int) -> list[Document]:
    """The long descriptions of the distributions, empty ones left out.

    The longest are cut off, all at the same length, so that together they hold at most ``max_characters``.
    """
    wanted = {_normalised(listing.name) for listing in distributions}
    documents: dict[str, Document] = {}
    for distribution in importlib.metadata.distributions():
        text = _metadata_text(distribution)
        key = _normalised(_header(text, "Name"))
        if key not in wanted or key in documents:
            continue
        message = message_from_string(text)
        authors = [str(value) for field in AUTHOR_FIELDS for value in message.get_all(field, [])]
        description = str(message.get_payload()).strip() or str(message.get("Description", ""))
        documents[key] = Document(str(message["Name"]), str(message["Version"]), tuple(authors), description)
    limit = _fair_limit([len(document.text) for document in documents.values()], max_characters)
    found = [documents[key] for key in sorted(documents) if documents[key].text]
    return [replace(document, text=document.text[:limit]) for document in found]


def _fair_limit(lengths: list[int], total: int) -> int:
    """The greatest length such that all texts, cut off there, together are no longer than ``total``."""
    left = total
    for count, length in enumerate(sorted(lengths)):
        share = left // (len(lengths) - count)
        if length > share:
            return share
        left -= length
    return total


def clean(documents: list[Document]) -> list[Document]:
    """The documents as plain text: no markup, code or badges; headings after ``# ``, addresses in angle brackets."""
    return [replace(document, text=clean_text(document.text)) for document in documents]


def split_sentences(texts: list[Document]) -> list[Sentence]:
    """The sentences and headings of cleaned documents, in order."""
    sentences = []
    for document in texts:
        for paragraph in _paragraphs(document.text):
            is_heading = paragraph.startswith("# ")
            for text in [paragraph[2:]] if is_heading else SENTENCE_END.split(paragraph):
                if WORD.search(text):
                    sentences.append(Sentence(document.name, text.strip(), is_heading))
    return sentences


def count_words(sentences: list[Sentence]) -> dict[str, int]:
    """How often each word is written in small letters: what tells a name from a word that begins a sentence."""
    counts: Counter[str] = Counter()
    for sentence in sentences:
        counts.update(word for word in WORD.findall(ADDRESS.sub(" ", sentence.text)) if word.islower())
    return dict(sorted(counts.items()))


AUTHOR_FIELDS = ("Author", "Author-email", "Maintainer", "Maintainer-email")
ADDRESS = re.compile(r"<[^<>\s]+>")
WORD = re.compile(r"[^\W\d_]+(?:['’-][^\W\d_]+)*")
# an end of sentence, unless an initial or an abbreviation stands before it
SENTENCE_END = re.compile(
    r"(?<=[.!?])(?<!\b[A-Z]\.)(?<!\be\.g\.)(?<!\bi\.e\.)(?<!\betc\.)(?<!\bvs\.)(?<!\bDr\.)(?<!\bMr\.)(?<!\bMs\.)"
    r"(?<!\bSt\.)(?<!\bJr\.)(?<!\bal\.)(?<!\bNo\.)[\"”')]*\s+(?=[\"“(<]?[A-Z0-9])"
)

# order matters: blocks go first, then links, then tags, then emphasis
REWRITES: tuple[tuple[re.Pattern[str], str], ...] = (
    (re.compile(r"^(`{3,}|~{3,}).*?^\1[ \t]*$", re.M | re.S), "\n"),  # fenced code
    (re.compile(r"<!--.*?-->|<(script|style|svg|pre)\b.*?</\1>", re.S | re.I), "\n"),
    (re.compile(r"^[ \t]*\.\. (?:_`?[^:`\n]+`?|__): *(\S+://\S+)$", re.M), r"\n<\1>\n"),  # rst link targets
    (re.compile(r"^([ \t]*)\.\. .*(?:\n(?:\1[ \t]+.*|[ \t]*))*", re.M), "\n"),  # rst directives and comments
    (re.compile(r"::[ \t]*\n(?:[ \t]*\n)+(?:[ \t]+.*\n?|[ \t]*\n)+", re.M), ":\n\n"),  # rst literal blocks
    (re.compile(r"^[ \t]*(?:>>>|\.\.\. |\$ |In \[|Out\[).*$", re.M), ""),  # sessions
    (re.compile(r"\[!\[[^\]]*\][\[(][^\])]*[\])]\][\[(][^\])]*[\])]"), " "),  # badges
    (re.compile(r"!\[[^\]]*\][\[(][^\])]*[\])]|\|\w[\w-]*\|_?(?=\s|$)"), " "),  # images and rst substitutions
    (re.compile(r"\[([^\[\]]*)\]\((\S+?)(?:\s+[\"'][^)]*)?\)"), r"\1 <\2> "),  # [text](address)
    (re.compile(r"^[ \t]*\[[^\]]+\]:\s*<?(\S+?)>?(?:\s+[\"'(].*)?$", re.M), r"\n<\1>\n"),  # [name]: address
    (re.compile(r"\[([^\[\]]+)\]\[[^\[\]]*\]"), r"\1"),  # [text][name]
    (re.compile(r"`([^`<>]*?)\s*<([^<>`\s]+)>`__?"), r"\1 <\2> "),  # `text <address>`_
    (re.compile(r"<a\b[^>]*?\bhref=[\"']([^\"']+)[\"'][^>]*>(.*?)</a>", re.S | re.I), r"\2 <\1> "),
    (re.compile(r"<h[1-6][^>]*>\s*(.*?)\s*</h[1-6]>", re.S | re.I), r"\n\n# \1\n\n"),
    (re.compile(r"</?(?:p|div|li|ul|ol|tr|td|th|table|br|hr|img|details|summary)\b[^>]*>", re.I), "\n\n"),
    (re.compile(r"</?[a-zA-Z][a-zA-Z0-9-]*(?:\s[^<>]*)?/?>(?<!://)"), ""),
    (re.compile(r":(?:[a-z]+:)?[a-z]+:`([^`]*)`"), r"\1"),  # rst roles
    (re.compile(r"``?([^`\n]*)``?_{0,2}"), r"\1"),
    (re.compile(r"(?<!\w)(\*{1,3}|_{1,2})(?=\S)((?:[^*\n]|\n(?!\n)){1,300}?)(?<=\S)\1(?!\w)"), r"\2"),
    (
        re.compile(r"(?<![<\w/.=\"'])((?:https?|mailto):[^\s<>\"'`|)\]]*[^\s<>\"'`|)\].,;:!?*])"),
        r"<\1>",
    ),  # bare addresses
    (re.compile(r"(?<![\w<.+@/:-])([\w.+-]+@[\w-]+(?:\.[\w-]+)+)(?![\w>])"), r"<\1>"),
    (re.compile(r"^[ \t]*>[ \t]?", re.M), ""),  # quotations
    (re.compile(r"^(?!#)[ \t]*(\S.*)\n[ \t]*([=\-~^\"'+*#])\2{2,}[ \t]*$", re.M), r"\n# \1\n"),  # underlined headings
    (re.compile(r"^[ \t]*#{1,6}[ \t]+(.*?)[ \t#]*$", re.M), r"\n# \1\n"),
    (re.compile(r"^[ \t]*[=\-~^\"'+*#_|: ]{3,}[ \t]*$", re.M), "\n"),  # rules
    (re.compile(r"[ \t]*\|[ \t]*"), "\n\n"),  # cells of tables
    (re.compile(r"^[ \t]*(?:[-*+•]|\d{1,2}[.)])[ \t]+", re.M), "\n"),  # list items
)


def clean_text(text: str) -> str:
    """The text without markdown, reStructuredText and HTML."""
    text = text.replace("\r\n", "\n").expandtabs(4)
    for pattern, replacement in REWRITES:
        text = pattern.sub(replacement, text)
    return html.unescape(text)


def _paragraphs(text: str) -> Iterator[str]:
    for block in re.split(r"\n\s*\n", text):
        lines = [" ".join(line.split()) for line in block.splitlines()]
        if lines := [line for line in lines if line]:
            yield " ".join(lines)


def _metadata_text(distribution: importlib.metadata.Distribution) -> str:
    return distribution.read_text("METADATA") or distribution.read_text("PKG-INFO") or ""


def _header(text: str, field: str) -> str:
    found = re.search(rf"^{field}: *(.*)$", text.partition("\n\n")[0], re.M)
    return found.group(1).strip() if found else ""


def _normalised(name: str) -> str:
    return re.sub(r"[-_.]+", "-", name).lower()
