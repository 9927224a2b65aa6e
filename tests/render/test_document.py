"""The JSON document of a run, which is a contract."""

from __future__ import annotations

import json
from typing import Any

import pytest

from hydra_cached.errors import ConfigError, TargetError
from hydra_cached.render.document import dump_json, failure_document, report_document
from tests.render.reports import failed, run_report

SUMMARY_KEYS = [
    "nodes", "hit", "cutoff", "ran", "skipped", "failed", "would_run", "unknown", "seconds", "seconds_saved",
]  # fmt: skip


class Unprintable:
    def __repr__(self) -> str:
        raise ValueError("no repr")


def test_the_document_has_the_keys_of_the_contract() -> None:
    document = report_document(run_report(value=[1], nodes=1, ran=1))
    assert list(document) == ["pipeline", "run_id", "ok", "result", "error", "nodes", "summary"]
    assert document["result"] == "[1]"
    assert document["nodes"] == [
        {
            "path": "model.encoder",
            "paths": ["model.encoder", "other"],
            "target": "pkg.encode",
            "status": "ran",
            "reason": {"code": "new", "detail": "no earlier result"},
            "recipe_key": "a" * 64,
            "call_key": None,
            "content_digest": "b" * 64,
            "seconds": 1.5,
            "bytes": 1200,
            "stored": True,
        }
    ]
    assert list(document["summary"]) == SUMMARY_KEYS


def test_a_result_of_none_differs_from_no_result() -> None:
    assert report_document(run_report())["result"] == "None"
    assert report_document(run_report(is_ok=False, error=failed(ValueError())))["result"] is None


def test_the_error_is_the_users_own_exception() -> None:
    document = report_document(run_report(is_ok=False, error=failed(ValueError("too small"))))
    assert document["error"] == {"path": "model.encoder", "type": "ValueError", "message": "too small"}


def test_an_error_of_ours_keeps_its_type_and_path() -> None:
    error = TargetError("cannot import x", path="a.b")
    document = report_document(run_report(is_ok=False, error=error))
    assert document["error"] == {"path": "a.b", "type": "TargetError", "message": "cannot import x"}


def test_an_interrupted_run_says_so() -> None:
    document = report_document(run_report(is_ok=False))
    assert document["error"] == {"path": "", "type": "KeyboardInterrupt", "message": "interrupted"}


def test_a_run_that_did_not_begin_has_the_same_keys() -> None:
    document = failure_document("configs.ner", ConfigError("no module"))
    assert list(document) == list(report_document(run_report()))
    assert list(document["summary"]) == SUMMARY_KEYS
    assert document["nodes"] == []
    assert document["error"] == {"path": "", "type": "ConfigError", "message": "no module"}


def test_a_result_whose_repr_fails_is_named_by_its_type() -> None:
    assert "Unprintable" in report_document(run_report(value=Unprintable()))["result"]


@pytest.mark.parametrize("text", ["größer 🙂", "lone \udc80 surrogate", 'quote " and \n newline', "\x00\x1f"])
def test_every_text_survives_json_in_utf8(text: str) -> None:
    dumped = dump_json({"result": text})
    assert json.loads(dumped.encode("utf-8")) == {"result": text}


def test_what_strict_json_does_not_know_is_refused() -> None:
    document: dict[str, Any] = {"seconds": float("nan")}
    with pytest.raises(ValueError, match="JSON"):
        dump_json(document)
