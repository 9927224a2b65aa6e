"""Finding, cleaning and splitting the texts of the named-entity example."""

from __future__ import annotations

import pytest

from hydra_cached.examples.ner_corpus import (
    Document,
    clean_text,
    collect,
    count_words,
    list_distributions,
    split_sentences,
)


def _sentences(text: str) -> list[str]:
    return [sentence.text for sentence in split_sentences([Document("d", "1", (), text)])]


def test_the_longest_distributions_are_listed_by_name_and_once() -> None:
    everything = list_distributions(10_000)
    few = list_distributions(3)

    assert len(few) == 3
    assert [listing.name.lower() for listing in few] == sorted(listing.name.lower() for listing in few)
    assert len({listing.name.lower() for listing in everything}) == len(everything)
    assert min(listing.size_chars for listing in few) >= sorted(listing.size_chars for listing in everything)[-3]


def test_collected_texts_are_cut_off_at_one_length_and_hold_no_more_than_asked_for() -> None:
    listings = list_distributions(10)
    whole = collect(listings, 10**9)
    total = sum(len(document.text) for document in whole) // 2

    documents = collect(listings, total)

    lengths = {document.name: len(document.text) for document in documents}
    limit = max(lengths.values())
    assert total - len(lengths) <= sum(lengths.values()) <= total
    assert lengths == {document.name: min(len(document.text), limit) for document in whole}


@pytest.mark.parametrize(
    ("text", "cleaned"),
    [
        ("See [the docs](https://example.org/a) now", "See the docs <https://example.org/a> now"),
        ("See `the docs <https://example.org/a>`_ now", "See the docs <https://example.org/a> now"),
        ('See <a class="x" href="https://example.org/a">the docs</a> now', "See the docs <https://example.org/a> now"),
        ("See https://example.org/a.", "See <https://example.org/a>."),
        ("Write to jane@example.org.", "Write to <jane@example.org>."),
        ("[![build](https://a.org/b.svg)](https://a.org) Text", "Text"),
        ("A **bold** and *slanted* `code` word", "A bold and slanted code word"),
        ("A ``code`` word, :func:`f` and `Name`_", "A code word, f and Name"),
        ("a &amp; b &lt; c", "a & b < c"),
    ],
)
def test_markup_becomes_plain_text_with_addresses_in_angle_brackets(text: str, cleaned: str) -> None:
    assert " ".join(clean_text(text).split()) == cleaned


@pytest.mark.parametrize(
    "text",
    [
        "Before\n\n```python\nimport code\n```\n\nAfter",
        "Before\n\n.. code-block:: python\n\n    import code\n\nAfter",
        "Before\n\n::\n\n    import code\n\nAfter",
        "Before\n\n>>> import code\n\nAfter",
        "Before\n\n<!-- import code -->\n\nAfter",
    ],
)
def test_code_and_comments_are_left_out(text: str) -> None:
    assert [word for word in clean_text(text).split() if word != ":"] == ["Before", "After"]


@pytest.mark.parametrize("text", ["## My Title\n\nText.", "My Title\n========\n\nText.", "<h1>My Title</h1>Text."])
def test_headings_are_told_from_sentences(text: str) -> None:
    sentences = split_sentences([Document("d", "1", (), clean_text(text))])

    assert [(sentence.text, sentence.is_heading) for sentence in sentences] == [("My Title", True), ("Text.", False)]


def test_sentences_end_at_full_stops_but_not_at_initials_and_abbreviations() -> None:
    text = "It was written by J. Doe and others, e.g. Jane. Version 1.2 is out! Ask Dr. Who.\nIs it? Yes"

    assert _sentences(text) == [
        "It was written by J. Doe and others, e.g. Jane.",
        "Version 1.2 is out!",
        "Ask Dr. Who.",
        "Is it?",
        "Yes",
    ]


def test_list_items_and_cells_are_sentences_of_their_own() -> None:
    assert _sentences(clean_text("- one thing\n- another\n\n| left | right |\n|---|---|\n")) == [
        "one thing",
        "another",
        "left",
        "right",
    ]


def test_only_words_in_small_letters_are_counted_and_none_of_an_address() -> None:
    sentences = split_sentences([Document("d", "1", (), "The tree, the Tree and <https://tree.org/tree>")])

    assert count_words(sentences) == {"and": 1, "the": 1, "tree": 1}
