"""Modules with ways around a policy, and what happens to a `_target_` while a graph is built."""

from __future__ import annotations

import pytest

from hydra_cached.errors import TargetError
from hydra_cached.targets import TargetPolicy, check_identity, check_name, locate_target, target_id

DENYING = TargetPolicy()
MODULES = {
    "policy_steps.py": """
        import functools
        import json
        import os
        import subprocess
        import zipfile
        from os.path import join
        from policy_other import Model, clean, scale

        run = subprocess.run
        bound_run = functools.partial(subprocess.run, check=True)
        bound_scale = functools.partial(scale, 2)
        bound_load = functools.partial(lambda x: x, 2)
        shared = Model()

        @functools.wraps(os.remove)
        def careful_remove(path): ...

        def load(): ...

        class Step:
            def __call__(self): ...
            def fit(self): ...

        step = Step()
    """,
    "policy_other.py": """
        def clean(): ...
        def scale(by, x=1): ...

        class Model:
            def __call__(self): ...
            def fit(self): ...
    """,
}


def judge(name: str, policy: TargetPolicy = DENYING) -> None:
    """What happens to a `_target_` while a graph is built."""
    check_name(name, policy, path="model.data")
    check_identity(locate_target(name), target_id(name), name, policy, path="model.data")


def refused(name: str, policy: TargetPolicy = DENYING) -> str:
    """The message without its beginning, which is the same for all."""
    with pytest.raises(TargetError) as caught:
        judge(name, policy)
    assert caught.value.path == "model.data"
    assert caught.value.target == name
    return caught.value.message.removeprefix(f'target "{name}" at model.data is refused: ')
