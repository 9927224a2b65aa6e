"""Secrets of the environment do not get into what is written down."""

from __future__ import annotations

import pytest

from hydra_cached.store.redact import redact, secret_values


@pytest.mark.parametrize(
    "name",
    [
        "TOKEN", "github_token", "MY_SECRET", "DB_PASSWORD", "PASSWD", "OPENAI_API_KEY", "APIKEY",
        "SSH_PRIVATE_KEY", "GOOGLE_CREDENTIALS", "AWS_ACCESS_KEY_ID", "HYDRA_CACHED_KEY",
    ],
)  # fmt: skip
def test_value_of_a_secret_looking_variable_is_masked(monkeypatch: pytest.MonkeyPatch, name: str) -> None:
    monkeypatch.setenv(name, "hunter22")
    assert redact({"a": ["hunter22", ("x", "hunter22")]}) == {"a": ["***", ("x", "***")]}


@pytest.mark.parametrize("name", ["HOME_DIR", "PWD_X", "KEYBOARD", "MONKEY"])
def test_value_of_another_variable_is_kept(monkeypatch: pytest.MonkeyPatch, name: str) -> None:
    monkeypatch.setenv(name, "ordinary")
    assert redact({"a": "ordinary"}) == {"a": "ordinary"}


def test_secret_inside_a_longer_text_or_a_key_is_masked() -> None:
    config = {"url": "https://me:hunter22@host/hunter22", "hunter22": 1}
    assert redact(config, secrets=["hunter22"]) == {"url": "https://me:***@host/***", "***": 1}


def test_config_text_is_masked() -> None:
    assert redact("url: hunter22\nn: 1\n", secrets=["hunter22"]) == "url: ***\nn: 1\n"


def test_secret_that_yaml_reads_as_a_number_is_masked() -> None:
    assert redact({"a": 123456, "b": 12, "c": True, "d": 1.5}, secrets=["123456", "True"]) == {
        "a": "***",
        "b": 12,
        "c": True,
        "d": 1.5,
    }


def test_longer_secret_is_masked_before_one_that_it_contains() -> None:
    secrets = secret_values({"A_TOKEN": "abcd", "B_TOKEN": "abcdefgh"})
    assert redact("abcdefgh abcd", secrets=secrets) == "*** ***"


def test_short_and_empty_values_do_not_count() -> None:
    assert secret_values({"A_TOKEN": "", "B_TOKEN": "abc", "C_TOKEN": "abcd"}) == ("abcd",)


def test_config_itself_is_not_changed() -> None:
    config = {"a": ["hunter22"]}
    redact(config, secrets=["hunter22"])
    assert config == {"a": ["hunter22"]}
