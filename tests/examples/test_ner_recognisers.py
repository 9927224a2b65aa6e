"""What the recognisers of the named-entity example find, and what they leave alone."""

from __future__ import annotations

import itertools

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hydra_cached.examples.ner_corpus import Document, Sentence, clean_text, count_words, split_sentences
from hydra_cached.examples.ner_names import Gazetteer, author_names, find_names
from hydra_cached.examples.ner_ranking import Entity, merge, rank, tabulate
from hydra_cached.examples.ner_recognisers import Mention, find_addresses, find_licences, find_versions
from hydra_cached.examples.ner_spellings import _approximate_ends, edit_distance, find_spellings

NOBODY = Gazetteer((), ())


def _read(text: str) -> list[Sentence]:
    return split_sentences([Document("thing", "1", (), clean_text(text))])


def _names(text: str, gazetteer: Gazetteer = NOBODY) -> dict[str, str]:
    sentences = _read(text)
    mentions = find_names(sentences, count_words(sentences), gazetteer, rounds=2)
    return {mention.name: mention.kind for mention in mentions}


@pytest.mark.parametrize(
    ("text", "versions"),
    [
        ("It needs Python 3.10 or later", ["Python 3.10"]),
        ("Tested on CPython 3.7, 3.8 and 3.9.", ["CPython 3.7", "CPython 3.8", "CPython 3.9"]),
        ("Since version 2.1.0rc1 it works", ["thing 2.1.0rc1"]),
        ("It needs thing>=1.2", ["thing 1.2"]),
        ("It takes 25.4 seconds on average, about 1.5 times more", []),
        ("See <https://example.org/Python/3.10>", []),
    ],
)
def test_versions_come_with_their_product(text: str, versions: list[str]) -> None:
    assert [mention.name for mention in find_versions([Document("thing", "1", (), "")], _read(text))] == versions


@pytest.mark.parametrize(
    ("text", "licences"),
    [
        ("Licensed under the MIT license.", ["MIT"]),
        ("Apache License, Version 2.0", ["Apache-2.0"]),
        ("# License\n\nBSD 3-Clause, see the file", ["BSD-3-Clause"]),
        ("Licensed under MIT or the GPL", ["GPL", "MIT"]),
        ("He studied at MIT", []),
    ],
)
def test_licences_are_found_where_the_text_speaks_of_licences(text: str, licences: list[str]) -> None:
    assert sorted(mention.name for mention in find_licences(_read(text))) == licences


@pytest.mark.parametrize(
    ("address", "name"),
    [
        ("https://www.Example.org/a/b?c=d", "example.org"),
        ("https://github.com/Owner/Repo/issues/3", "github.com/owner/repo"),
        ("https://pypi.org/project/Thing/", "pypi.org/project/thing"),
        ("Jane@Example.org", "jane@example.org"),
    ],
)
def test_addresses_are_shortened_to_what_they_name(address: str, name: str) -> None:
    assert [mention.name for mention in find_addresses(_read(f"See {address} for more"))] == [name]


def test_the_page_of_an_account_is_no_repository() -> None:
    assert find_addresses(_read("by https://github.com/owner")) == []


def test_authors_are_split_into_people_and_organisations() -> None:
    authors = ("Jane Q. Doe and John Roe <john@example.org>", '"Example Software Inc." <x@example.org>', "nobody@x.org")

    gazetteer = author_names([Document("d", "1", authors, "")])

    assert gazetteer.people == ("Jane Q. Doe", "John Roe")
    assert "Example Software Inc" in gazetteer.organisations


def test_people_are_found_by_their_first_names_and_organisations_by_their_last_words() -> None:
    text = "It was made by Guido van Eyk at the Quuxian Institute, with the help of Microsoft and by @somebody too."

    assert _names(text) == {
        "@somebody": "person",
        "Guido van Eyk": "person",
        "Microsoft": "organisation",
        "Quuxian Institute": "organisation",
    }


def test_headings_products_and_decorators_are_not_taken_for_people() -> None:
    assert _names("# Jane Example\n\nRead the Quick Start in Visual Studio Code. Use @decorator twice.") == {}


def test_a_known_author_is_found_whatever_the_name_looks_like() -> None:
    assert _names("Written by Xq Zzyx.", Gazetteer(("Xq Zzyx",), ())) == {"Xq Zzyx": "person"}


def test_other_spellings_of_a_known_name_are_found() -> None:
    sentences = _read(
        "Thanks to Sebastián Ramírez.\n\nSee https://example.org/sebastianramirez\n\nThanks, Sebastian Ramires!\n\n"
        "Sebastianus Ramirezzini is somebody else."
    )

    mentions = find_spellings(sentences, [], Gazetteer(("Sebastián Ramírez",), ()), max_names=5, letters_per_error=8)

    written = ["Sebastián Ramírez", "sebastianramirez", "Sebastian Ramires"]
    assert [(mention.name, mention.text) for mention in mentions] == [("Sebastián Ramírez", text) for text in written]


@given(st.text("abc", min_size=1, max_size=6), st.text("abc", max_size=12), st.integers(0, 3))
def test_approximate_ends_are_where_some_substring_is_near_enough(pattern: str, text: str, max_errors: int) -> None:
    nearest = {
        end: min(edit_distance(pattern, text[start:end]) for start in range(end + 1)) for end in range(1, len(text) + 1)
    }

    found = dict(_approximate_ends(pattern, text, max_errors))

    assert found == {end: distance for end, distance in nearest.items() if distance <= max_errors}


@given(st.text("ab", max_size=5), st.text("ab", max_size=5), st.text("ab", max_size=5))
def test_edit_distance_is_a_metric(left: str, middle: str, right: str) -> None:
    assert (edit_distance(left, right) == 0) == (left == right)
    assert edit_distance(left, right) == edit_distance(right, left)
    assert edit_distance(left, right) <= edit_distance(left, middle) + edit_distance(middle, right)


def _mention(name: str, sentence: int, kind: str = "person", document: str = "d") -> Mention:
    return Mention(kind, name, name, document, sentence, 0.9)


def test_an_account_is_merged_with_the_person_of_that_name() -> None:
    names = [_mention("Samuel Colvin", 1), _mention("@samuelcolvin", 2), _mention("@somebodyelse", 3)]

    entities = merge([], [], [], names, [], min_similarity=0.88)

    assert [(entity.name, entity.spellings, entity.sentences) for entity in entities] == [
        ("@somebodyelse", ("@somebodyelse",), (3,)),
        ("Samuel Colvin", ("@samuelcolvin", "Samuel Colvin"), (1, 2)),
    ]


def test_only_names_are_merged_by_spelling() -> None:
    versions = [_mention("Python 3.10", 1, "version"), _mention("Python 3.11", 1, "version")]

    assert len(merge(versions, [], [], [], [], min_similarity=0.5)) == 2


def test_what_more_documents_name_ranks_higher_and_each_kind_has_its_share() -> None:
    mentions = [_mention("Jane", place, document=f"d{place}") for place in range(3)]
    rare = [_mention("Rare", 9), _mention("Rarer", 10)]
    addresses = [_mention("example.org", 0, "address", "d0")]

    ranked = rank(merge([], [], addresses, [*mentions, *rare], [], 0.99), per_kind=2, damping=0.85)

    assert [entity.kind for entity in ranked].count("person") == 2
    assert (ranked[0].name, ranked[0].score) == ("Jane", 1.0)
    assert all(first.score >= second.score for first, second in itertools.pairwise(ranked))


def test_nothing_recognised_is_an_empty_table() -> None:
    assert tabulate(rank([], per_kind=3, damping=0.85), max_width=20).count("\n") == 1


def test_the_table_cuts_long_words_and_aligns_columns() -> None:
    entities = [
        Entity("person", "Jane " * 20, ("Jane",), ("a", "b"), (1, 2, 3), 1.0),
        Entity("licence", "MIT", ("MIT",), ("a",), (1,), 0.25),
    ]

    head, _, first, second = tabulate(entities, max_width=12).splitlines()

    column = head.index("named by")
    assert first.split()[2:5] == ["Jane", "Jane", "J…"]
    assert (first[column:].rstrip(), second[column:].rstrip()) == ("a, b      Jane", "a")
