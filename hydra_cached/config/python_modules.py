"""Imports the module a pipeline lives in, under the one name its functions are known by. Looks at no object in it."""

from __future__ import annotations

import difflib
import importlib
import importlib.util
import os
import pkgutil
import sys
from collections.abc import Iterable, Iterator
from pathlib import Path
from types import ModuleType

from hydra_cached.config.kinds import one_line
from hydra_cached.errors import ConfigError


def import_dotted(name: str) -> ModuleType:
    """Import a module by its dotted name.

    Raises:
        ConfigError: there is no such module, or it raises; ``__cause__`` is its exception.
    """
    importlib.invalidate_caches()
    return _import_module(name, shown=name)


def import_file(location: str) -> ModuleType:
    """Import a Python file as the module it is.

    The name is the first that leads to this file: the one of the package it belongs to (so that an installed
    project in `src/` keeps its ids), or its path from the working directory. Else its folder, or the one above its
    package, is put on `sys.path`.

    As for a script, what lies beside the file can be imported without a package's name.

    Raises:
        ConfigError: the file cannot be imported, or another module has its name; ``__cause__`` is its exception.
    """
    importlib.invalidate_caches()
    path = Path(os.path.abspath(location))
    _make_siblings_importable(path.parent)
    root = _folder_above_package(path)
    name = _dotted_name(path, root)
    for candidate in dict.fromkeys((name if root != path.parent else None, _name_from_cwd(path))):
        if candidate is not None and _leads_to(candidate, path, shown=location):
            return _import_module(candidate, shown=location)
    if "." in path.stem or not name:
        raise ConfigError(f'cannot import "{location}": its name is no module name', hint="rename the file")
    if str(root) not in sys.path:
        sys.path.insert(0, str(root))
    if not _leads_to(name, path, shown=location):
        raise ConfigError(f'cannot import "{location}": "{name}" is taken by {_owner_of(name)}', hint="rename the file")
    return _import_module(name, shown=location)


def _make_siblings_importable(folder: Path) -> None:
    """Put a pipeline's folder on `sys.path`: of a script's right after the working directory, of a package's last."""
    if str(folder) in sys.path:
        return
    if (folder / "__init__.py").is_file():
        # its modules have a longer name, so that they may be called "types" or "logging"
        sys.path.append(str(folder))
    else:
        cwd = os.getcwd()
        sys.path.insert(sys.path.index(cwd) + 1 if cwd in sys.path else 0, str(folder))


def _owner_of(name: str) -> str:
    """Where the module that has a name comes from."""
    loaded = sys.modules.get(name)
    try:
        spec = importlib.util.find_spec(name) if loaded is None else None
    except (ImportError, ValueError):
        spec = None
    return getattr(loaded, "__file__", None) or (spec.origin if spec else None) or "Python itself"


def _folder_above_package(path: Path) -> Path:
    folder = path.parent
    while (folder / "__init__.py").is_file() and folder.parent != folder:
        folder = folder.parent
    return folder


def _dotted_name(path: Path, root: Path) -> str:
    parts = path.relative_to(root).with_suffix("").parts
    return ".".join(parts[:-1] if parts[-1] == "__init__" else parts)


def _name_from_cwd(path: Path) -> str | None:
    cwd = Path.cwd()
    if not path.is_relative_to(cwd):
        return None
    name = _dotted_name(path, cwd)
    return name if name and all(part.isidentifier() for part in name.split(".")) else None


def _leads_to(name: str, path: Path, *, shown: str) -> bool:
    loaded = sys.modules.get(name)
    if loaded is not None:
        origin = getattr(loaded, "__file__", None)
    else:
        try:
            spec = importlib.util.find_spec(name)
        except (Exception, SystemExit) as exc:
            # the packages above it are imported on the way
            if _is_about(exc, name):
                return False
            raise _import_failed(shown, exc) from exc
        origin = spec.origin if spec is not None else None
    return origin is not None and os.path.realpath(origin) == os.path.realpath(path)


def _import_module(name: str, *, shown: str) -> ModuleType:
    try:
        return importlib.import_module(name)
    except (Exception, SystemExit) as exc:
        if _is_about(exc, name):
            raise _unknown_module(name) from exc
        raise _import_failed(shown, exc) from exc


def _is_about(exc: BaseException, name: str) -> bool:
    """Whether the missing module is ``name`` or a package above it, rather than something it imports."""
    return isinstance(exc, ModuleNotFoundError) and exc.name is not None and f"{name}.".startswith(f"{exc.name}.")


def _import_failed(shown: str, exc: BaseException) -> ConfigError:
    place = _raised_at(exc)
    if isinstance(exc, SystemExit):
        return ConfigError(
            f'cannot import "{shown}": it exits when imported ({one_line(exc)})',
            hint='put what runs as a script under: if __name__ == "__main__"',
        )
    hint = f"look at {place}" if place else None
    if isinstance(exc, ModuleNotFoundError) and exc.name:
        hint = f'install "{exc.name}", or mend its import' + (f" in {place}" if place else "")
    return ConfigError(f'cannot import "{shown}": {one_line(exc)}', hint=hint)


def _raised_at(exc: BaseException) -> str | None:
    """File and line of the user's code that raised, or None."""
    if isinstance(exc, SyntaxError) and exc.filename:
        return f"{_shorten(exc.filename)}, line {exc.lineno}"
    place = None
    traceback = exc.__traceback__
    while traceback is not None:
        filename = traceback.tb_frame.f_code.co_filename
        if not filename.startswith("<frozen") and filename not in (__file__, importlib.__file__):
            place = f"{_shorten(filename)}, line {traceback.tb_lineno}"
        traceback = traceback.tb_next
    return place


def _shorten(filename: str) -> str:
    path, cwd = Path(filename), Path.cwd()
    # below the root directory everything is, and a path without its first slash says less
    is_below = path.is_relative_to(cwd) and cwd != cwd.parent
    return str(path.relative_to(cwd)) if is_below else filename


def _unknown_module(name: str) -> ConfigError:
    parts = name.split(".")
    known: ModuleType | None = None
    for depth, part in enumerate(parts):
        parent = ".".join(parts[:depth])
        child = sys.modules.get(".".join(parts[: depth + 1]))
        if child is not None:
            known = child
            continue
        rest = ".".join(parts[depth:])
        if known is not None and hasattr(known, part):
            return ConfigError(f'no module "{name}"', hint=f'did you mean "{parent}:{rest}"?')
        return ConfigError(f'no module "{name}"', hint=_near_module(parent, part, parts[depth + 1 :], known))
    return ConfigError(f'no module "{name}"')


def _near_module(parent: str, part: str, rest: list[str], known: ModuleType | None) -> str:
    if known is not None:
        pools: list[tuple[Iterable[str], float]] = [(_modules_in(getattr(known, "__path__", ())), 0.6)]
    else:
        elsewhere = None if rest else _find_elsewhere(part)
        if elsewhere:
            return f'did you mean "{elsewhere}"?'
        # what the user wrote comes before what is installed, of which something is always faintly alike
        pools = [(_modules_in([os.getcwd()]), 0.6), (_modules_in(sys.path), 0.8)]
    for pool, cutoff in pools:
        near = difflib.get_close_matches(part, list(pool), n=1, cutoff=cutoff)
        if near:
            return f'did you mean "{".".join(([parent] if parent else []) + [near[0], *rest])}"?'
    return f"the working directory is {os.getcwd()}; a module must be there, or installed"


def _find_elsewhere(name: str) -> str | None:
    """The module or YAML file of that name in the working directory or one folder below it."""
    for folder in (".", *sorted(entry.name for entry in os.scandir() if entry.is_dir())):
        if folder != "." and os.path.isfile(os.path.join(folder, f"{name}.py")) and folder.isidentifier():
            return f"{folder}.{name}"
        for suffix in (".yaml", ".yml"):
            path = os.path.normpath(os.path.join(folder, name + suffix))
            if os.path.isfile(path):
                return path
    return None


def list_inside(package: ModuleType) -> list[str]:
    """What can be named in a package: its modules, else the YAML files in its folder; [] for a plain module."""
    folders = list(getattr(package, "__path__", ()))
    modules = sorted({f"{package.__name__}.{name}" for name in _modules_in(folders)})
    return modules or sorted(
        _shorten(str(file)) for folder in folders for file in Path(folder).glob("*.y*ml") if file.is_file()
    )


def _modules_in(folders: Iterable[str]) -> Iterator[str]:
    for folder in folders:
        yield from (info.name for info in pkgutil.iter_modules([folder]))
        # folders without __init__.py can be imported too, but pkgutil does not list them
        if os.path.isdir(folder):
            for entry in os.scandir(folder):
                if entry.is_dir() and entry.name.isidentifier() and _has_python(entry.path):
                    yield entry.name


def _has_python(folder: str) -> bool:
    try:
        return any(name.endswith(".py") for name in os.listdir(folder))
    except OSError:
        return False
