from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from hydra_cached.config import load_pipeline
from hydra_cached.errors import ConfigError
from tests.config.conftest import Folder


def refused(pipeline: str) -> ConfigError:
    with pytest.raises(ConfigError) as caught:
        load_pipeline(pipeline)
    assert "\n" not in caught.value.message
    return caught.value


def test_file_elsewhere_is_imported_by_its_stem_and_may_import_its_siblings(folder: Folder, tmp_path: Path) -> None:
    elsewhere = tmp_path / "elsewhere"
    elsewhere.mkdir()
    (elsewhere / "far_away.py").write_text("import far_sibling\nconfig = {'n': far_sibling.n}\n")
    (elsewhere / "far_sibling.py").write_text("n = 3\n")
    assert load_pipeline(str(elsewhere / "far_away.py")).config == {"n": 3}
    assert "far_away" in sys.modules


def test_file_elsewhere_in_a_package_keeps_its_relative_imports(folder: Folder, tmp_path: Path) -> None:
    package = tmp_path / "elsewhere" / "far_package"
    package.mkdir(parents=True)
    (package / "__init__.py").write_text("")
    (package / "steps.py").write_text("n = 4\n")
    (package / "pipeline.py").write_text("from .steps import n\nconfig = {'n': n}\n")
    assert load_pipeline(str(package / "pipeline.py")).config == {"n": 4}
    assert "far_package.pipeline" in sys.modules


def test_file_of_a_package_that_is_importable_under_a_shorter_name_has_that_name(folder: Folder) -> None:
    folder.write("src/installed_package/__init__.py")
    folder.write("src/installed_package/pipeline.py", "config = {}")
    sys.path.append(str(folder.root / "src"))
    by_file = load_pipeline("src/installed_package/pipeline.py")
    assert by_file.config is load_pipeline("installed_package.pipeline").config


def test_folder_that_is_no_identifier_is_put_on_the_path(folder: Folder) -> None:
    folder.write("my-pipelines/hyphen_neighbour.py", "n = 5")
    folder.write("my-pipelines/hyphened.py", "import hyphen_neighbour\nconfig = {'n': hyphen_neighbour.n}")
    assert load_pipeline("my-pipelines/hyphened.py").config == {"n": 5}


def test_file_below_the_working_directory_imports_its_siblings_and_keeps_its_dotted_name(folder: Folder) -> None:
    folder.write("below_cwd/below_neighbour.py", "n = 7")
    folder.write("below_cwd/below_main.py", "import below_neighbour\nconfig = {'n': below_neighbour.n}")
    assert load_pipeline("below_cwd/below_main.py").config == {"n": 7}
    assert "below_cwd.below_main" in sys.modules
    assert sys.path.index(str(folder.root / "below_cwd")) == sys.path.index(str(folder.root)) + 1


def test_siblings_in_a_package_shadow_nothing(folder: Folder) -> None:
    folder.write("shadow_package/__init__.py")
    folder.write("shadow_package/shadow_neighbour.py", "n = 8")
    folder.write("shadow_package/main.py", "import shadow_neighbour\nconfig = {'n': shadow_neighbour.n}")
    assert load_pipeline("shadow_package/main.py").config == {"n": 8}
    assert sys.path[-1] == str(folder.root / "shadow_package")


def test_path_in_a_hint_is_whole_where_the_working_directory_is_the_root(
    folder: Folder, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = folder.root / "rooted.py"
    path.write_text("1 / 0")
    monkeypatch.chdir("/")
    assert refused(str(path)).hint == f"look at {path}, line 1"


def test_package_itself_can_be_the_pipeline(folder: Folder) -> None:
    folder.write("whole_package/__init__.py", "config = {'n': 6}")
    assert load_pipeline("whole_package/__init__.py").config is load_pipeline("whole_package").config


def test_file_whose_name_is_taken_is_refused(folder: Folder, tmp_path: Path) -> None:
    elsewhere = tmp_path / "elsewhere"
    elsewhere.mkdir()
    (elsewhere / "json.py").write_text("config = {}\n")
    import json

    error = refused(str(elsewhere / "json.py"))
    assert f'"json" is taken by {json.__file__}' in error.message
    assert error.hint == "rename the file"


def test_file_with_a_dot_in_its_stem_is_refused(folder: Folder) -> None:
    folder.write("ner.v2.py", "config = {}")
    error = refused("ner.v2.py")
    assert "its name is no module name" in error.message


def test_missing_import_of_the_pipeline_is_told_from_a_missing_pipeline(folder: Folder) -> None:
    folder.write("needs_more.py", "\nimport not_installed_anywhere")
    error = refused("needs_more")
    assert error.message == (
        "cannot import \"needs_more\": ModuleNotFoundError: No module named 'not_installed_anywhere'"
    )
    assert error.hint == 'install "not_installed_anywhere", or mend its import in needs_more.py, line 2'
    assert isinstance(error.__cause__, ModuleNotFoundError)


@pytest.mark.parametrize(
    ("source", "message", "hint"),
    [
        ("def f(:", "SyntaxError: invalid syntax", "look at raising.py, line 1"),
        ("x = 1\n1 / 0", "ZeroDivisionError: division by zero", "look at raising.py, line 2"),
        ("raise ValueError('two\\nlines')", "ValueError: two lines", "look at raising.py, line 1"),
        ("from json import laods", "ImportError: cannot import name 'laods'", "look at raising.py, line 1"),
        ("import sys; sys.exit(2)", "it exits when imported (SystemExit: 2)", 'if __name__ == "__main__"'),
    ],
)
@pytest.mark.parametrize("spelling", ["raising", "raising.py"])
def test_exception_of_the_module_is_shown_on_one_line(
    folder: Folder, spelling: str, source: str, message: str, hint: str
) -> None:
    folder.write("raising.py", source)
    error = refused(spelling)
    assert error.message.startswith(f'cannot import "{spelling}": ')
    assert message in error.message
    assert error.hint is not None
    assert hint in error.hint
    assert error.__cause__ is not None


def test_exception_of_a_package_above_the_file_is_shown(folder: Folder) -> None:
    folder.write("raising_package/__init__.py", "raise RuntimeError('no')")
    folder.write("raising_package/pipeline.py", "config = {}")
    error = refused("raising_package/pipeline.py")
    assert error.message == 'cannot import "raising_package/pipeline.py": RuntimeError: no'
    assert error.hint == "look at raising_package/__init__.py, line 1"


def test_exception_deep_in_an_import_names_the_line_that_raised(folder: Folder) -> None:
    folder.write("outer_module.py", "import inner_module\nconfig = {}")
    folder.write("inner_module.py", "\n\nraise KeyError('k')")
    assert refused("outer_module").hint == "look at inner_module.py, line 3"


def test_python_pipeline_needs_neither_hydra_nor_omegaconf(folder: Folder) -> None:
    folder.write("light.py", "config = {'n': 1}")
    program = (
        "import sys; from hydra_cached.config import load_pipeline; load_pipeline('light');"
        "print([m for m in ('hydra', 'omegaconf', 'yaml', 'rich', 'typer') if m in sys.modules])"
    )
    root = str(Path(__file__).parents[2])
    done = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, env={"PYTHONPATH": root}, check=True
    )
    assert done.stdout.strip() == "[]"


def test_yaml_without_overrides_does_not_import_hydra(folder: Folder) -> None:
    folder.write("light.yaml", "n: 1\n")
    program = (
        "import sys; from hydra_cached.config import load_pipeline; load_pipeline('light.yaml');"
        "print('hydra' in sys.modules)"
    )
    root = str(Path(__file__).parents[2])
    done = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, env={"PYTHONPATH": root}, check=True
    )
    assert done.stdout.strip() == "False"
