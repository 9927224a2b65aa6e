from __future__ import annotations

from typing import Any

import pytest
from omegaconf import OmegaConf

from hydra_cached.fingerprint import digest_value


def test_a_config_counts_by_what_its_interpolations_lead_to() -> None:
    whole = OmegaConf.create({"lr": 0.1, "part": {"rate": "${lr}"}})
    renamed = OmegaConf.create({"speed": 0.1, "part": {"rate": "${speed}"}})
    slower = OmegaConf.create({"lr": 0.2, "part": {"rate": "${lr}"}})
    assert digest_value(whole.part) == digest_value(renamed.part) != digest_value(slower.part)


def test_an_interpolation_that_leads_nowhere_counts_by_its_text() -> None:
    one, same, other = (OmegaConf.create({"a": text}) for text in ("${no}", "${no}", "${nor}"))
    assert digest_value(one) == digest_value(same) != digest_value(other)
    assert digest_value(one) != digest_value(OmegaConf.create({"a": r"\${no}"}))


def test_environment_variables_count_by_their_value(monkeypatch: pytest.MonkeyPatch) -> None:
    config = OmegaConf.create({"user": "${oc.env:HYDRA_CACHED_TEST}"})
    digests = []
    for value in ("a", "b"):
        monkeypatch.setenv("HYDRA_CACHED_TEST", value)
        digests.append(digest_value(config))
    monkeypatch.delenv("HYDRA_CACHED_TEST")
    assert len({*digests, digest_value(config)}) == 3


@pytest.mark.parametrize("content", [None, "???"])
def test_configs_without_content_differ_from_empty_ones(content: Any) -> None:
    config = OmegaConf.create({"a": {}})
    empty = digest_value(config.a)
    config = OmegaConf.create({"a": content})
    assert digest_value(config) != digest_value(OmegaConf.create({"a": {}}))
    assert empty == digest_value(OmegaConf.create({}))


def test_order_of_keys_counts() -> None:
    assert digest_value(OmegaConf.create({"a": 1, "b": 2})) != digest_value(OmegaConf.create({"b": 2, "a": 1}))


def test_a_list_counts_item_by_item() -> None:
    config = OmegaConf.create({"n": 1, "items": [1, "${n}", {"a": [2]}]})
    assert digest_value(config["items"]) == digest_value(OmegaConf.create([1, 1, {"a": [2]}]))
    assert digest_value(config["items"]) != digest_value(OmegaConf.create([1, 1, {"a": [3]}]))
