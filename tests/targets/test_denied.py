"""What no config may call unless it is allowed by name, whichever way it is spelled."""

from __future__ import annotations

import functools
import os
import sys
from collections.abc import Callable, Mapping
from pathlib import Path

import pytest

from hydra_cached.errors import TargetError
from hydra_cached.targets import TargetPolicy, check_identity, check_name, locate_target, target_id
from hydra_cached.targets.denied import DENIED, EXCEPTED
from tests.targets.policies import DENYING, MODULES, judge, refused

Project = Callable[[Mapping[str, str]], Path]


@pytest.mark.parametrize(
    "name",
    """
    os.system os.popen os.execv os.spawnl os.posix_spawn os.fork os.kill os.remove os.unlink os.rmdir os.removedirs
    os.rename os.renames os.replace os.truncate os.chmod os.chown os.chroot os.setuid os.setgid os.chdir os.putenv
    os._exit os.abort posix.system nt.system subprocess.run subprocess.Popen subprocess.getoutput
    subprocess.Popen.kill shutil.rmtree shutil.move shutil.chown builtins.eval builtins.exec builtins.compile
    builtins.__import__ builtins.exit builtins.quit builtins.setattr builtins.delattr builtins.globals builtins.vars
    sys.exit sys._getframe pickle.load pickle.loads pickle.Unpickler.load _pickle.loads marshal.loads shelve.open
    dill.loads cloudpickle.load yaml.unsafe_load ctypes.CDLL code.interact pty.spawn runpy.run_path
    importlib.import_module importlib.reload pathlib.Path.unlink pathlib.Path.rmdir pathlib.Path.rename
    pathlib.Path.replace threading.Thread multiprocessing.Process multiprocessing.Pool webbrowser.open timeit.timeit
    pdb.run logging.config.dictConfig types.FunctionType atexit.register weakref.finalize os.environ.update
    os.environ.clear sys.path.append sys.modules.pop unittest.mock.patch asyncio.create_subprocess_shell
    torch.hub.load hydra.utils.instantiate hydra.utils.call hydra_cached.instantiate hydra_cached.run
    hydra_cached.store.Store.clear tempfile.TemporaryDirectory._cleanup sys.breakpointhook
    asyncio.unix_events._UnixSubprocessTransport logging.handlers.BaseRotatingHandler.rotate
    tornado.template.Template.generate pydantic.TypeAdapter distributed.utils.import_file diskcache.Cache.check
    fsspec.implementations.local.LocalFileSystem.rm psutil.Process.kill inspect.signature inspect.get_annotations
    inspect.stack inspect.getmembers numpy.testing.rundocs numpy.testing.measure
    """.split(),
)
def test_what_runs_code_or_destroys_data_is_refused_before_import(name: str) -> None:
    with pytest.raises(TargetError, match=" is refused: "):
        check_name(name, DENYING, path="model.data")


@pytest.mark.parametrize(
    ("name", "really"),
    [
        ("logging.os.system", "os.system"),
        ("shutil.os.remove", "os.remove"),
        ("os.path.os.unlink", "os.unlink"),
        ("random._os.system", "os.system"),
        ("site.sys.exit", "sys.exit"),
        ("site.builtins.exec", "builtins.exec"),
        ("site.builtins.exit", "_sitebuiltins.Quitter"),
        ("logging.os.environ.update", "os.environ.update"),
        ("logging.sys.path.append", "sys.path.append"),
        ("logging.sys.modules.get", "sys.modules.get"),
        ("pathlib.PosixPath.unlink", "pathlib.Path.unlink"),
        ("concurrent.futures.ThreadPoolExecutor.submit", "concurrent.futures.thread.ThreadPoolExecutor.submit"),
        ("dataclasses.types.FunctionType", "builtins.function"),
        ("logging.handlers.pickle.loads", "pickle.loads"),
    ],
)
def test_an_alias_is_refused_by_what_it_is(name: str, really: str) -> None:
    check_name(name, DENYING, path="")
    target = locate_target(name)

    with pytest.raises(TargetError, match=f"it is {really}, which "):
        check_identity(target, target_id(name), name, DENYING, path="")


@pytest.mark.parametrize(
    ("name", "really"),
    [
        ("policy_steps.run", "it is subprocess.run, which runs shell commands"),
        ("policy_steps.os.system", "it is os.system, which runs shell commands"),
        ("policy_steps.bound_run", "it is subprocess.run, which runs shell commands"),
        ("policy_steps.bound_run.func", "it is subprocess.run, which runs shell commands"),
        ("policy_steps.careful_remove", "it is os.remove, which deletes, moves or changes files"),
    ],
)
def test_a_denied_callable_in_a_module_of_the_user_is_refused(project: Project, name: str, really: str) -> None:
    project(MODULES)

    assert refused(name) == really


@pytest.mark.parametrize(
    "target",
    [os.system, functools.partial(os.system), functools.partial(functools.partial(os.system), "ls"), Path("x").unlink],
    ids=["function", "partial", "partial of a partial", "bound method"],
)
def test_a_callable_in_the_config_itself_is_checked_too(target: Callable[..., object]) -> None:
    with pytest.raises(TargetError, match=r"is refused: it (is os\.system, which runs|runs|deletes)"):
        check_identity(target, target_id(target), "", DENYING, path="a")


@pytest.mark.parametrize(
    "name",
    """
    builtins.open io.open builtins.list builtins.dict builtins.map builtins.type builtins.len json.loads json.dump
    math.sqrt os.path.join os.path.exists os.listdir os.makedirs os.getenv os.cpu_count os.environ.get
    os.environ.copy shutil.copyfile shutil.copytree pathlib.Path pathlib.Path.write_text pathlib.Path.read_text
    pathlib.Path.mkdir pathlib.Path.cwd functools.partial functools.reduce operator.itemgetter operator.add
    collections.OrderedDict datetime.datetime.now random.random random.Random time.sleep re.compile sqlite3.connect
    multiprocessing.cpu_count concurrent.futures.ThreadPoolExecutor threading.Lock importlib.metadata.version
    importlib.resources.files yaml.safe_load urllib.request.urlopen hydra.utils.get_method
    hydra_cached.examples.hello.greet builtins.str.replace tempfile.TemporaryDirectory tempfile.mkdtemp
    logging.handlers.RotatingFileHandler asyncio.run fsspec.filesystem fsspec.implementations.local.LocalFileSystem.ls
    inspect.getsource inspect.getdoc numpy.testing.assert_allclose numpy.testing.assert_array_equal
    numpy.testing.assert_equal psutil.virtual_memory pydantic.BaseModel distributed.LocalCluster
    """.split(),
)
def test_what_pipelines_are_made_of_is_not_refused(name: str) -> None:
    if name == "hydra_cached.examples.hello.greet":
        check_name(name, DENYING, path="")
        return
    judge(name)


def test_the_users_own_functions_are_not_refused(project: Project) -> None:
    project(MODULES)

    for name in ("load", "Step", "Step.fit", "step.fit", "clean", "bound_scale", "bound_load", "shared", "shared.fit"):
        judge(f"policy_steps.{name}")


def test_a_function_of_a_script_is_not_taken_for_pythons_own_workings() -> None:
    check_name("__main__.load", DENYING, path="")


@pytest.mark.parametrize(
    ("name", "part"),
    [
        ("builtins.str.__class__", "__class__"),
        ("builtins.str.__class__.__base__.__subclasses__", "__class__"),
        ("json.loads.__globals__.get", "__globals__"),
        ("json.loads.__builtins__.get", "__builtins__"),
        ("json.loads.__call__", "__call__"),
        ("json.__dict__.get", "__dict__"),
        ("builtins.int.mro", "mro"),
        ("mypkg.generator.gi_frame.f_globals.get", "gi_frame"),
        ("pip.__main__.main", "__main__"),
        ("__main__.f.__code__.replace", "__code__"),
    ],
)
def test_names_that_lead_into_pythons_workings_are_refused_before_import(name: str, part: str) -> None:
    with pytest.raises(TargetError, match=f'is refused: "{part}" leads into Python\'s own workings'):
        check_name(name, DENYING, path="")


def test_nothing_is_imported_for_a_name_that_is_refused(project: Project) -> None:
    project({"loud_policy_module.py": "raise RuntimeError('imported')"})

    for policy, name in [
        (DENYING, "loud_policy_module.f.__globals__"),
        (TargetPolicy(("mypkg.*",)), "loud_policy_module.f"),
    ]:
        with pytest.raises(TargetError, match="is refused"):
            check_name(name, policy, path="")
    assert "loud_policy_module" not in sys.modules


def test_every_denied_entry_of_the_standard_library_that_exists_is_refused_by_identity() -> None:
    modules = ["os", "subprocess", "shutil", "builtins", "sys", "pickle", "marshal", "ctypes", "runpy", "importlib"]
    checked = 0
    for name in DENIED:
        if name.partition(".")[0] not in modules or name in ("os.environ", "sys.path", "sys.modules"):
            continue
        try:
            target = locate_target(name)
        except TargetError:
            continue
        if callable(target):
            checked += 1
            with pytest.raises(TargetError):
                check_identity(target, target_id(name), "somewhere.else", DENYING, path="")

    assert checked > 50


def test_exceptions_lie_inside_something_denied() -> None:
    assert all(any(name.startswith(f"{entry}.") for entry in DENIED) for name in EXCEPTED)


@pytest.mark.parametrize(
    "name",
    [
        "attr._make._compile_and_eval",
        "pygments.lexers.load_lexer_from_file",
        "pygments.formatters.load_formatter_from_file",
        "hypothesis.internal.reflection.define_function_signature",
        "mypy.api.run",
        "hydra.test_utils.test_utils.run_process",
        "distributed.protocol.pickle.loads",
        "tempfile._TemporaryFileWrapper",
        "importlib.metadata.EntryPoint",
        "cloudpickle.cloudpickle.subimport",
    ],
)
def test_what_installed_packages_run_code_with_is_denied(name: str) -> None:
    with pytest.raises(TargetError, match="is refused"):
        check_name(name, TargetPolicy(), path="a")
