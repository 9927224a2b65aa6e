"""Named entities in the descriptions of whatever is installed: a pipeline on real input, in fourteen steps.

    hydra-cached run hydra_cached.examples.ner -p --print

It reads the long description of each installed distribution, recognises people, organisations, versions, licences and
addresses, and returns a ranked table as text. The dictionaries below are ordinary Python: ``sentences`` is used by six
steps, but it is one object, so it is one call.

Only ``list_distributions`` looks outside, so it is made anew in each run. While it sees the same distributions, all
the rest is reused; install a package, and the pipeline runs again.
"""

from __future__ import annotations

from hydra_cached.examples.ner_corpus import clean, collect, count_words, list_distributions, split_sentences
from hydra_cached.examples.ner_names import author_names, find_names
from hydra_cached.examples.ner_ranking import merge, rank, tabulate
from hydra_cached.examples.ner_recognisers import find_addresses, find_licences, find_versions
from hydra_cached.examples.ner_spellings import find_spellings

documents = dict(
    _target_=collect,
    distributions=dict(_target_=list_distributions, max_documents=40),
    max_characters=200_000,
)
sentences = dict(_target_=split_sentences, texts=dict(_target_=clean, documents=documents))
gazetteer = dict(_target_=author_names, documents=documents)
names = dict(
    _target_=find_names,
    sentences=sentences,
    words=dict(_target_=count_words, sentences=sentences),
    gazetteer=gazetteer,
    rounds=4,
)
entities = dict(
    _target_=merge,
    versions=dict(_target_=find_versions, documents=documents, sentences=sentences),
    licences=dict(_target_=find_licences, sentences=sentences),
    addresses=dict(_target_=find_addresses, sentences=sentences),
    names=names,
    spellings=dict(
        _target_=find_spellings,
        sentences=sentences,
        names=names,
        gazetteer=gazetteer,
        max_names=90,
        letters_per_error=8,
    ),
    min_similarity=0.88,
)
config = dict(
    _target_=tabulate,
    rows=dict(_target_=rank, entities=entities, per_kind=10, damping=0.85),
    max_width=40,
)
