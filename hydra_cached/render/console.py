"""Talk on stderr, and what is in colours when somebody looks at it. Everything else on stdout goes through `stdout`."""

from __future__ import annotations

from typing import TextIO, cast

from rich.console import Console
from rich.text import Text

from hydra_cached.render.stdout import write_data
from hydra_cached.render.talk import TalkStream


def talk_console() -> Console:
    """A console on stderr, wherever that is when something is printed."""
    return Console(file=cast(TextIO, TalkStream()), soft_wrap=True, highlight=False, markup=False, emoji=False)


def print_error(message: str, hint: str | None = None) -> None:
    """What is wrong, and what to try, one line each, on stderr."""
    console = talk_console()
    console.print(Text.assemble(("error:", "bold red"), " ", message))
    if hint:
        console.print(Text.assemble(("hint:", "bold"), " ", hint))


def print_talk(text: str) -> None:
    """Plain words on stderr."""
    talk_console().print(Text(text))


def print_yaml(text: str) -> None:
    """YAML on stdout: in colours on a terminal, byte for byte when piped."""
    console = Console(soft_wrap=True)
    if console.is_terminal and console.color_system and not console.no_color:
        console.print(highlight_yaml(text), end="")
    else:
        write_data(text)


def highlight_yaml(text: str) -> Text:
    """The text in colours; nothing is wrapped, cropped or padded."""
    # pygments takes its time to import, and pipes do not need it
    from rich.syntax import Syntax

    highlighted = Syntax("", "yaml", theme="ansi_dark", background_color="default").highlight(text)
    # the lexer strips blank lines at the end or adds one
    highlighted.rstrip()
    return highlighted.append("\n")
