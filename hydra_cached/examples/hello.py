"""Hello, world: three calls, each of which runs once and is then remembered.

    hydra-cached run hydra_cached.examples.hello -p --print
    hydra-cached run hydra_cached.examples.hello -p --print greeting.language=fr

The second command finds ``capitalise`` and runs the other two again.
"""

from __future__ import annotations

GREETINGS = {"de": "hallo", "en": "hello", "es": "hola", "fr": "bonjour"}


def translate(language: str) -> str:
    """The word of greeting in a language, given as a two-letter code.

    Raises:
        KeyError: the language is not among ``GREETINGS``.
    """
    return GREETINGS[language]


def capitalise(text: str) -> str:
    """The text with a capital first letter."""
    return text[:1].upper() + text[1:]


def greet(greeting: str, whom: str) -> str:
    """A line that greets somebody."""
    return f"{capitalise(greeting)}, {whom}!"


config = dict(
    _target_=greet,
    greeting=dict(_target_=translate, language="en"),
    whom=dict(_target_=capitalise, text="world"),
)
