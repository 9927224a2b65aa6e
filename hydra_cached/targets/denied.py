"""Data: what a config must not call unless it is allowed by name, and why. Decides nothing.

An entry stands for its id and for everything inside it: `subprocess` for the whole module, `pickle.Unpickler` for its
methods too. A `*` at the end stands for the rest of one name. Ids are public ones (`os.system`, not `posix.system`).

Listed is what runs code, programs or imports that the config names, what deletes, moves or changes the rights of files,
and what ends or bends the process. Not listed is what pipelines are for: opening and writing files (`builtins.open`,
`pathlib.Path.write_text`), copying, the network, and loaders of models and tables that pickle underneath
(`torch.load`, `joblib.load`, `pandas.read_pickle`). Nor is this list a wall: an installed function that does harm for
its caller has a harmless name. For configs of strangers there is the allow-list.
"""

from __future__ import annotations

# as a sentence that begins with "it"
_ENTRIES: tuple[tuple[str, str], ...] = (
    (
        "runs shell commands",
        """
        os.system os.popen subprocess asyncio.create_subprocess_shell asyncio.subprocess.create_subprocess_shell
        asyncio.base_events.BaseEventLoop.subprocess_shell asyncio.base_subprocess asyncio.unix_events
        asyncio.windows_events asyncio.windows_utils
        """,
    ),
    (
        "runs other programs",
        """
        os.exec* os.spawn* os.posix_spawn* os.startfile os.fork os.forkpty pty webbrowser antigravity
        asyncio.create_subprocess_exec asyncio.subprocess asyncio.base_events.BaseEventLoop.subprocess_exec
        imaplib.IMAP4_stream mailcap pipes platform._syscmd_* uuid._get_command_stdout _sitebuiltins._Helper
        idlelib lib2to3 turtledemo test.support
        pip ensurepip venv distutils setuptools numpy.distutils numpy.f2py IPython click.launch click.edit
        click.termui.launch click.termui.edit click._termui_impl typer.launch typer.main.launch execnet invoke pexpect
        psutil.Popen ptyprocess sh mypy ruff nox tox hydra.test_utils
        """,
    ),
    (
        "runs code that the config supplies",
        """
        builtins.eval builtins.exec builtins.compile builtins.breakpoint builtins.function builtins.code builtins.method
        types.FunctionType types.LambdaType types.CodeType types.MethodType types.new_class dataclasses.make_dataclass
        sys.breakpointhook code.interact code.compile_command code.InteractiveInterpreter code.InteractiveConsole codeop
        runpy timeit.timeit timeit.repeat timeit.main timeit.Timer cProfile profile.run profile.runctx profile.Profile
        trace.Trace trace.main pdb bdb doctest pydoc logging.config optparse.Values
        typing.get_type_hints typing.ForwardRef typing.evaluate_forward_ref typing._eval_type annotationlib
        unittest pytest _pytest hypothesis.internal operator.call rlcompleter tkinter gettext.c2py profile.main
        sysconfig._main sysconfig._generate_posix_vars _xxsubinterpreters _xxinterpchannels _interpreters
        concurrent.interpreters concurrent.futures.InterpreterPoolExecutor concurrent.futures.interpreter
        _testcapi _testinternalcapi numpy.testing jinja2 mako Cython pyximport attr._make._compile_and_eval
        attr._make._linecache_and_compile pygments.lexers.load_lexer_from_file
        pygments.formatters.load_formatter_from_file pandas.eval pandas.core.computation pandas.DataFrame.eval
        pandas.core.frame.DataFrame.eval pandas.DataFrame.query pandas.core.frame.DataFrame.query numexpr.evaluate
        numexpr.necompiler sympy.sympify sympy.S sympy.core.sympify sympy.parsing sympy.parse_expr torch.hub.load
        tornado.template pydantic.TypeAdapter pydantic.type_adapter pydantic.create_model pydantic.main.create_model
        """,
    ),
    (
        "runs code that is hidden in the data it reads",
        """
        pickle.load pickle.loads pickle._load pickle._loads pickle.Unpickler pickle._Unpickler marshal shelve
        dill.load dill.loads dill.load_* dill.Unpickler dill._dill.load dill._dill.loads dill._dill.Unpickler
        dill.session cloudpickle.load cloudpickle.loads jsonpickle tracemalloc.Snapshot.load
        multiprocessing.reduction multiprocessing.connection distributed.protocol diskcache
        yaml.load yaml.load_all yaml.unsafe_load yaml.unsafe_load_all yaml.Loader yaml.UnsafeLoader yaml.CLoader
        yaml.CUnsafeLoader yaml.loader.Loader yaml.loader.UnsafeLoader yaml.cyaml.CLoader yaml.cyaml.CUnsafeLoader
        yaml.add_constructor yaml.add_multi_constructor yaml.constructor
        """,
    ),
    (
        "imports modules that the config names",
        """
        builtins.__import__ importlib.__import__ importlib.import_module importlib.reload importlib.util
        importlib.machinery importlib.abc importlib._bootstrap importlib._bootstrap_external importlib._abc
        _frozen_importlib _frozen_importlib_external _imp imp zipimport importlib.metadata.EntryPoint
        pkgutil.resolve_name pkgutil.walk_packages pkgutil.get_loader pkgutil.find_loader
        importlib.resources._common.resolve importlib.resources._common.get_package
        distributed.utils.import_file distributed.preloading
        xml.sax.make_parser xml.sax._create_parser pkg_resources pandas.compat._optional pydantic.v1.utils.import_string
        pydantic._internal._validators.import_string werkzeug.utils.import_string dask.utils.import_required
        cloudpickle.subimport cloudpickle.dynamic_subimport
        site.main site.addsitedir site.addpackage site.execsitecustomize site.execusercustomize
        """,
    ),
    (
        "loads machine code",
        """
        ctypes cffi _cffi_backend sqlite3.Connection.load_extension sqlite3.Connection.enable_load_extension
        numpy.ctypeslib torch.utils.cpp_extension torch._ops._Ops.load_library
        """,
    ),
    (
        "deletes, moves or changes files",
        """
        os.remove os.unlink os.rmdir os.removedirs os.rename os.renames os.replace os.truncate os.ftruncate
        os.chmod os.fchmod os.lchmod os.chown os.fchown os.lchown os.chflags os.lchflags os.removexattr
        os.write os.writev os.pwrite* os.sendfile os.splice os.copy_file_range os.posix_fallocate
        shutil.rmtree shutil._rmtree* shutil._RmtreeType shutil.move shutil.chown
        pathlib.Path.unlink pathlib.Path.rmdir pathlib.Path.rename pathlib.Path.replace pathlib.Path.chmod
        pathlib.Path.lchmod pathlib.Path.move pathlib.Path.move_into pathlib._NormalAccessor
        tempfile.TemporaryDirectory._* tempfile._TemporaryFile*
        logging.handlers.BaseRotatingHandler.rotate logging.handlers.RotatingFileHandler.doRollover
        logging.handlers.TimedRotatingFileHandler.doRollover
        fsspec.spec.AbstractFileSystem.rm* fsspec.spec.AbstractFileSystem.mv fsspec.spec.AbstractFileSystem.move
        fsspec.spec.AbstractFileSystem.delete fsspec.spec.AbstractFileSystem.rename
        fsspec.implementations.local.LocalFileSystem.rm* fsspec.implementations.local.LocalFileSystem.mv*
        """,
    ),
    (
        "ends or interrupts processes",
        """
        sys.exit builtins.exit builtins.quit _sitebuiltins.Quitter os._exit os.abort os.kill os.killpg
        signal.raise_signal signal.pthread_kill signal.pidfd_send_signal signal.signal signal.alarm signal.setitimer
        psutil.Process.kill psutil.Process.terminate psutil.Process.suspend psutil.Process.send_signal
        _thread.interrupt_main _thread.exit _thread.exit_thread faulthandler
        """,
    ),
    (
        "changes the process in which everything else runs",
        """
        os.set* os.initgroups os.chroot os.chdir os.fchdir os.umask os.nice os.putenv os.unsetenv os.environ os.environb
        os.close os.closerange os.dup2 os.unshare os.register_at_fork sys.path sys.modules sys.meta_path sys.path_hooks
        sys.set* sys.addaudithook threading.settrace* threading.setprofile* atexit weakref.finalize
        os.sched_set* resource.setrlimit resource.prlimit signal.siginterrupt multiprocessing.set_*
        omegaconf.OmegaConf.register_* omegaconf.OmegaConf.legacy_register_resolver omegaconf.OmegaConf.clear_*
        omegaconf.omegaconf.OmegaConf.register_* omegaconf.omegaconf.OmegaConf.legacy_register_resolver
        omegaconf.omegaconf.OmegaConf.clear_*
        """,
    ),
    (
        "starts threads or processes of its own",
        """
        multiprocessing.Process multiprocessing.Pool multiprocessing.Manager multiprocessing.context.Process
        multiprocessing.context.BaseContext.Process multiprocessing.context.BaseContext.Pool
        multiprocessing.context.BaseContext.Manager multiprocessing.context.ForkProcess
        multiprocessing.context.SpawnProcess multiprocessing.context.ForkServerProcess multiprocessing.process
        multiprocessing.pool multiprocessing.managers multiprocessing.spawn multiprocessing.forkserver
        multiprocessing.popen_* multiprocessing.util.spawnv_passfds torch.multiprocessing.spawn
        threading.Thread threading.Timer _thread.start_*
        concurrent.futures._base.Executor.submit concurrent.futures._base.Executor.map
        concurrent.futures.thread.ThreadPoolExecutor.submit concurrent.futures.thread.ThreadPoolExecutor.map
        concurrent.futures.process.ProcessPoolExecutor.submit concurrent.futures.process.ProcessPoolExecutor.map
        """,
    ),
    (
        "changes or exposes other code at run time",
        """
        builtins.setattr builtins.delattr builtins.globals builtins.locals builtins.vars builtins.__build_class__
        sys._* sys.exc_info sys.exception gc.get_objects gc.get_referrers gc.get_referents inspect
        traceback.walk_stack traceback.walk_tb traceback._walk_tb_with_full_positions traceback.clear_frames
        asyncio.Task.get_stack asyncio.tasks.Task.get_stack asyncio.base_tasks logging.currentframe
        string.Formatter.get_field string.Formatter.vformat string.Formatter._vformat
        xmlrpc.server.resolve_dotted_attribute
        """,
    ),
    (
        "instantiates a config whose targets nobody checked",
        """
        hydra.utils.instantiate hydra.utils.call hydra._internal.instantiate hydra_cached.instantiate hydra_cached.run
        hydra_cached.api
        """,
    ),
    (
        "belongs to what runs pipelines, not into one",
        "hydra.main hydra.compose hydra.initialize* hydra.core hydra.experimental hydra._internal hydra_cached",
    ),
)

EXCEPTED = frozenset(
    {
        *(f"os.environ{kind}.{name}" for kind in ("", "b") for name in ("get", "copy", "keys", "values", "items")),
        "sys.path.copy",
        "hydra_cached.examples",
        # what evaluates annotations is not among them: inspect.signature(f, eval_str=True) runs text
        *(f"inspect.{name}" for name in ("getsource", "getsourcelines", "getsourcefile", "getdoc", "cleandoc")),
        # comparisons only: the rest of the package runs tests, and text
        *(
            f"numpy.testing{module}.assert_{name}"
            for module in ("", "._private.utils")
            for name in """
            allclose almost_equal approx_equal array_almost_equal array_almost_equal_nulp array_equal array_less
            array_max_ulp equal string_equal
            """.split()
        ),
    }
)
"""What lies inside something denied and is not."""

# besides `_x`, where the standard library keeps what is public in `x`
PUBLIC_MODULES = {
    "posix": "os",
    "nt": "os",
    "posixpath": "os.path",
    "ntpath": "os.path",
    "genericpath": "os.path",
    "_posixsubprocess": "subprocess",
    "_winapi": "subprocess",
    "cloudpickle.cloudpickle": "cloudpickle",
    "pathlib._abc": "pathlib",
    "pathlib._local": "pathlib",
}

INNER_NAMES = frozenset(
    """
    ag_code ag_frame cr_code cr_frame f_back f_builtins f_code f_globals f_locals func_code func_globals gi_code
    gi_frame mro tb_frame tb_next
    """.split()
)
"""Attributes that lead from an object into the interpreter, besides those written `__like_this__`."""

GUARDED = ("os.environ", "os.environb", "sys.modules", "sys.path", "sys.meta_path", "sys.path_hooks")
"""Objects of the whole process: a method of one counts by the object, not by its class."""

IMPORT_LOOKUPS = frozenset(
    {
        "hydra.utils.get_class",
        "hydra.utils.get_method",
        "hydra.utils.get_object",
        "hydra.utils.get_static_method",
    }
)
"""Targets that import what their argument `path` names: that name counts as a target."""

ATTRIBUTE_LOOKUPS = frozenset({"builtins.getattr", "operator.attrgetter", "operator.methodcaller"})
"""Targets that take an attribute by its name."""

LOOKUPS = IMPORT_LOOKUPS | ATTRIBUTE_LOOKUPS

DENIED: dict[str, str] = {
    entry: reason for reason, entries in _ENTRIES for entry in entries.split() if not entry.endswith("*")
}
DENIED_PREFIXES: tuple[tuple[str, str], ...] = tuple(
    (entry[:-1], reason) for reason, entries in _ENTRIES for entry in entries.split() if entry.endswith("*")
)
_OWNERS = ("pathlib.Path.", "pandas.DataFrame.", "concurrent.futures.", "os.", "shutil.", "builtins.")
# what harmless objects have too
_COMMON = frozenset({"close", "code", "compile", "function", "method", "nice", "write"})
DENIED_ATTRIBUTES = (
    frozenset(entry.rpartition(".")[2] for entry in DENIED if entry.startswith(_OWNERS))
    | frozenset(
        """
        execl execle execlp execlpe execv execve execvp execvpe posix_spawn posix_spawnp spawnl spawnle spawnlp spawnlpe
        spawnv spawnve spawnvp spawnvpe Popen check_call check_output getoutput getstatusoutput import_module
        subprocess_exec subprocess_shell builtins ctypes importlib io marshal nt os pathmod pickle posix runpy shutil
        subprocess sys
        """.split()
    )
) - _COMMON
"""Methods that do harm to, or with, an object that a config may well have; and modules, as attributes of others."""
