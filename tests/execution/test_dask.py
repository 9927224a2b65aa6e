"""Calls on a Dask cluster: how it is found, what its workers must have, and what happens when they die."""

from __future__ import annotations

import gc
import json
import os
import sys
import time
from collections import Counter
from pathlib import Path
from typing import Any

import pytest
from distributed import Client, LocalCluster

from hydra_cached import Store, run
from hydra_cached.errors import NodeFailedError, UsageError
from hydra_cached.events import Event, NodeFinished, Warned
from hydra_cached.execution.dask import checks, clusters
from hydra_cached.execution.dask.worker import Versions, own_versions
from tests.conftest import RunCli
from tests.execution.clusters import DASK_STEPS, LOCAL, call, on, pids, warnings
from tests.execution.waiting import is_alive, wait_for
from tests.reports import statuses

STEPS = DASK_STEPS

# --- which cluster ----------------------------------------------------------------------------------------------------


def test_cluster_of_the_users_is_left_as_it_was(folder: Path, store: Store, cluster: LocalCluster) -> None:
    before = pids(cluster)
    report = run({"x": call("where")}, store=store, options=on(cluster))
    pid, directory = report.value["x"]
    assert pid in before
    assert directory == str(folder)
    with Client(cluster, set_as_default=False) as client:
        wait_for(lambda: str(folder) not in client.run(os.getcwd).values())
        assert True not in client.run(_imports_from, str(folder)).values()
    assert pids(cluster) == before


def _imports_from(folder: str) -> bool:
    return folder in sys.path


@pytest.mark.parametrize("form", ["address", "file", "factory", "client"])
def test_cluster_is_found_by(folder: Path, cluster: LocalCluster, form: str) -> None:
    address = cluster.scheduler_address
    with Client(cluster, set_as_default=False) as client:
        (folder / "scheduler.json").write_text(json.dumps({"address": address}))
        made = f"import distributed\ndef make():\n    return distributed.Client({address!r}, set_as_default=False)\n"
        (folder / "clusters.py").write_text(made)
        where = {
            "address": address,
            "file": str(folder / "scheduler.json"),
            "factory": "clusters:make",
            "client": client,
        }[form]
        assert run({"x": call("where")}, options=on(where)).value["x"][0] in pids(cluster)
        assert client.status == "running"


def test_cluster_that_a_factory_made_ends_with_the_run(folder: Path) -> None:
    text = f"from distributed import LocalCluster\ndef make():\n    return LocalCluster(n_workers=1, **{LOCAL!r})\n"
    (folder / "clusters.py").write_text(text)
    pid = run({"x": call("where")}, options=on("clusters:make")).value["x"][0]
    assert pid != os.getpid()
    wait_for(lambda: not is_alive(pid))


@pytest.mark.parametrize(
    ("where", "message"),
    [
        ("clusters", 'there is no cluster "clusters"'),
        ("absent.json", 'there is no scheduler file "absent.json"'),
        ("text.json", '"text.json" is no scheduler file: it says no address'),
        ("other.json", '"other.json" is no scheduler file: it says no address'),
        ("sys:exit", 'the cluster "sys:exit" cannot be made: SystemExit'),
        ("os:getcwd", "os:getcwd gives no cluster but str"),
        ("absent:make", "cannot import the cluster \"absent:make\": No module named 'absent'"),
        ("os:absent", "cannot import the cluster \"os:absent\": module 'os' has no attribute 'absent'"),
        ("json:loads", 'the cluster "json:loads" cannot be made: TypeError: loads() missing 1 required positional'),
    ],
)
def test_cluster_that_is_not_there_is_refused(folder: Path, where: str, message: str) -> None:
    (folder / "text.json").write_text("no JSON")
    (folder / "other.json").write_text('{"address": 1}')
    with pytest.raises(UsageError) as caught:
        run(call("where"), options=on(where))
    assert caught.value.message.startswith(message)
    assert caught.value.hint


def test_cluster_that_does_not_answer_is_refused(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(clusters, "CONNECT_TIMEOUT_S", 1)
    with pytest.raises(UsageError, match="cannot connect to the cluster"):
        run(call("where"), options=on("tcp://127.0.0.1:1"))
    started = time.monotonic()
    # the client that could not connect would try to close for 20 seconds, and print a traceback
    gc.collect()
    assert time.monotonic() - started < 15


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["--cluster", "a:b", "--executor", "threads"], "--cluster is for the executor dask, not for threads"),
        (["--ship-code"], "--ship-code is for the executor dask, not for inline"),
        (["--cluster", "a:b", "-j", "3"], "a cluster has as many workers as it has"),
    ],
)
def test_options_that_make_no_sense_together_are_refused(
    folder: Path, run_cli: RunCli, arguments: list[str], message: str
) -> None:
    (folder / "conf.py").write_text("config = dict(_target_='steps.where')\n")
    done = run_cli("run", "conf", *arguments)
    assert done.returncode == 2
    assert done.stderr.splitlines()[0] == f"error: {message}"


def test_missing_extra_is_told_with_the_command_that_installs_it(folder: Path, run_cli: RunCli) -> None:
    (folder / "conf.py").write_text("config = dict(_target_='steps.where')\n")
    (folder / "distributed.py").write_text("raise ImportError(\"No module named 'distributed'\")\n")
    done = run_cli("run", "conf", "--executor", "dask", env={"PYTHONPATH": str(folder)})
    assert (done.returncode, done.stdout) == (2, "")
    assert done.stderr.splitlines() == [
        "error: the executor dask cannot be used: No module named 'distributed'",
        'hint: pip install "hydra-cached[dask]"',
    ]


def test_command_writes_nothing_but_its_document_to_stdout(folder: Path, run_cli: RunCli) -> None:
    (folder / "conf.py").write_text(
        "config = [dict(_target_='steps.talk'), dict(_target_='builtins.print', _args_=['printed'])]\n"
    )
    done = run_cli("run", "conf", "--executor", "dask", "-j", "2", "--json")
    assert done.returncode == 0
    assert done.stdout.startswith("{")
    assert '"ok": true' in done.stdout
    lines = [line for line in done.stderr.splitlines() if " INFO " not in line]
    assert sorted(line.partition("WARNING")[2].strip() or line for line in lines) == ["from afar", "printed"]


# --- what workers must have -------------------------------------------------------------------------------------------


def test_worker_of_another_version_is_named(cluster: LocalCluster) -> None:
    wanted = Versions("2.7", own_versions().hydra_cached, "0.1")
    with Client(cluster, set_as_default=False) as client, pytest.raises(UsageError) as caught:
        checks.check_versions(client, wanted)
    python, cloudpickle = own_versions().python, own_versions().cloudpickle
    assert "the worker tcp://" in caught.value.message
    assert caught.value.message.endswith(f"python {python} and not 2.7, cloudpickle {cloudpickle} and not 0.1")


def test_worker_that_does_not_see_the_store_is_named(folder: Path, cluster: LocalCluster) -> None:
    with Client(cluster, set_as_default=False) as client, pytest.raises(UsageError) as caught:
        checks.check_visible(client, str(folder / "elsewhere" / "probe"))
    assert "the worker tcp://" in caught.value.message
    assert caught.value.message.endswith(f'does not see "{folder / "elsewhere"}"')


def test_nothing_is_left_beside_the_results(folder: Path, store: Store, cluster: LocalCluster) -> None:
    config = {"total": call("step", 1, call("text", _cache_result_=False))}
    assert run(config, store=store, options=on(cluster)).value == {"total": 1}
    left = [path for path in (folder / "cache").rglob("*") if "probe" in path.name or "scratch" in str(path)]
    assert left == []


def test_code_that_was_edited_is_imported_anew(folder: Path, store: Store, cluster: LocalCluster) -> None:
    project_file = folder / "edited.py"
    for text in ("first", "second"):
        project_file.write_text(
            f"import os, time\ndef say():\n    time.sleep(0.01)\n    return {text!r}, os.getpid()\n"
        )
        sys.modules.pop("edited", None)
        said, pid = run({"_target_": "edited.say"}, store=store, options=on(cluster)).value
        assert said == text
        assert pid in pids(cluster)


def test_shipped_code_runs_where_its_files_are_not(folder: Path, store: Store) -> None:
    package = folder / "shipped"
    package.mkdir()
    (package / "__init__.py").write_text("")
    (package / "inner.py").write_text("import os\ndef pid():\n    return os.getpid()\n")
    (package / "steps.py").write_text(
        "import time\nfrom pathlib import Path\nfrom shipped.inner import pid\n"
        "def say():\n    time.sleep(0.01)\n"
        "    return pid(), Path(__file__).with_name('data.txt').read_text(), __file__\n"
    )
    (package / "data.txt").write_text("data")
    with LocalCluster(n_workers=1, **LOCAL) as cluster:
        options = on(cluster, is_shipping_code=True)
        pid, text, file = run({"_target_": "shipped.steps.say"}, store=store, options=options).value
        assert (pid in pids(cluster), text) == (True, "data")
        assert not Path(file).is_relative_to(folder)


def needing_a_gpu() -> dict[str, Any]:
    return {"a": call("step", 1), "b": call("step", 2, "${a}", _resources_={"GPU": 1})}


def test_resource_that_no_worker_has_fails_before_anything_runs(
    folder: Path, store: Store, cluster: LocalCluster
) -> None:
    report = run(needing_a_gpu(), store=store, options=on(cluster))
    assert isinstance(report.error, NodeFailedError)
    assert report.error.message == "b (steps.step) cannot run: no worker of the cluster has GPU=1"
    assert statuses(report) == {"a": "skipped", "b": "failed"}
    assert not (folder / "calls.txt").exists()


def test_resource_that_no_worker_has_is_told_at_once_where_the_rest_goes_on(
    folder: Path, store: Store, cluster: LocalCluster
) -> None:
    seen: list[Event] = []
    options = on(cluster, is_keeping_going=True)
    report = run(needing_a_gpu(), store=store, options=options, listener=seen.append)
    assert statuses(report) == {"a": "ran", "b": "failed"}
    assert warnings(seen) == ["steps.step at b cannot run: no worker of the cluster has GPU=1"]
    assert [type(event) for event in seen].index(Warned) < [type(event) for event in seen].index(NodeFinished)


def test_call_that_is_found_needs_no_resource(folder: Path, store: Store, cluster: LocalCluster) -> None:
    run(needing_a_gpu(), store=store)
    seen: list[Event] = []
    # `a` gives the same again, and so `b` is found
    report = run(needing_a_gpu(), store=store, options=on(cluster, force=("a",)), listener=seen.append)
    assert statuses(report) == {"a": "ran", "b": "cutoff"}
    assert warnings(seen) == ["steps.step at b cannot run: no worker of the cluster has GPU=1"]


def test_resource_that_workers_have_is_shared_out(folder: Path, store: Store, cluster: LocalCluster) -> None:
    config = [call("step", number, _resources_={"DISK": 1}) for number in range(12)]
    assert run(config, store=store, options=on(cluster)).value == list(range(12))
    used = Counter(line.split()[1] for line in (folder / "calls.txt").read_text().splitlines())
    assert len(used) == 2
    assert min(used.values()) >= 3
