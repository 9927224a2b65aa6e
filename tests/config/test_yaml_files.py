from __future__ import annotations

from pathlib import Path

import pytest
from omegaconf import OmegaConf

from hydra_cached.config.yaml_files import read_yaml
from hydra_cached.errors import ConfigError


def refused(path: Path) -> ConfigError:
    with pytest.raises(ConfigError) as caught:
        read_yaml(path)
    assert "\n" not in caught.value.message
    assert caught.value.hint
    return caught.value


def test_alias_is_the_very_same_object(tmp_path: Path) -> None:
    path = tmp_path / "a.yaml"
    path.write_text("a: &x {_target_: f}\nb: *x\nc: {_target_: f}\nd: [*x]\n")
    document = read_yaml(path)
    assert isinstance(document, dict)
    assert document["b"] is document["a"]
    assert document["d"][0] is document["a"]
    assert document["c"] is not document["a"]


def test_values_read_as_omegaconf_reads_them(tmp_path: Path) -> None:
    path = tmp_path / "a.yaml"
    path.write_text("a: 1e3\nb: 12:30\nc: 2024-01-01\nd: yes\ne: 1_000\nf: '${a}'\ng: null\nh: .inf\ni: 0x1F\n")
    assert read_yaml(path) == OmegaConf.to_container(OmegaConf.load(path))
    assert read_yaml(path)["a"] == 1000.0  # type: ignore[call-overload]


def test_byte_order_mark_is_skipped(tmp_path: Path) -> None:
    path = tmp_path / "a.yaml"
    path.write_bytes(b"\xef\xbb\xbfa: 1\n")
    assert read_yaml(path) == {"a": 1}


def test_many_aliases_are_no_reason_to_refuse(tmp_path: Path) -> None:
    path = tmp_path / "a.yaml"
    path.write_text(f"a: &x [{', '.join(['1'] * 200)}]\nb: [{', '.join(['*x'] * 200)}]\n")
    document = read_yaml(path)
    assert isinstance(document, dict)
    assert len(document["b"]) == 200


@pytest.mark.parametrize(
    ("content", "place", "problem", "hint"),
    [
        ("a: [1\nb: 2\n", "line 2, column 2", "expected ',' or ']'", "unclosed bracket"),
        ("a: 1\na: 2\n", "line 2, column 1", "found duplicate key a", "keep one of the two"),
        ("a: !foo 1\n", "line 1, column 4", "could not determine a constructor for the tag '!foo'", "_target_"),
        ("a:\n\tb: 1\n", "line 2, column 1", "cannot start any token", "indent with spaces"),
        (
            "a: 1\n---\nb: 1\n",
            "line 2, column 1",
            "expected a single document in the stream, but found another",
            "one document only",
        ),
        ("a: *x\n", "line 1, column 4", "found undefined alias", ""),
    ],
)
def test_invalid_yaml_is_shown_with_line_and_column(
    tmp_path: Path, content: str, place: str, problem: str, hint: str
) -> None:
    path = tmp_path / "a.yaml"
    path.write_text(content)
    error = refused(path)
    assert error.message.startswith(f'invalid YAML in "{path}", {place}: ')
    assert problem in error.message
    assert error.hint is not None
    assert hint in error.hint


def test_control_character_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "a.yaml"
    path.write_text('a: 1\nb: "\x01"\n')
    message = refused(path).message
    assert message.startswith(f'invalid YAML in "{path}", line 2: ')
    assert message.endswith("characters are not allowed")


@pytest.mark.parametrize("content", ["", "# only a comment\n", "---\n"])
def test_empty_file_is_refused(tmp_path: Path, content: str) -> None:
    path = tmp_path / "a.yaml"
    path.write_text(content)
    assert refused(path).message == f'"{path}" is empty'


def test_single_value_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "a.yaml"
    path.write_text("3\n")
    assert refused(path).message == f'"{path}" holds an int, not a config'


def test_text_in_another_encoding_is_refused_with_its_line(tmp_path: Path) -> None:
    path = tmp_path / "a.yaml"
    path.write_bytes(b"a: 1\nname: caf\xe9\n")
    assert refused(path).message == f'"{path}" is not UTF-8 text, see line 2'


def test_config_that_contains_itself_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "a.yaml"
    path.write_text("a: &x {b: [*x]}\n")
    refused(path)


def test_file_that_cannot_be_read_is_refused(tmp_path: Path) -> None:
    assert refused(tmp_path).message == f'cannot read "{tmp_path}": Is a directory'
