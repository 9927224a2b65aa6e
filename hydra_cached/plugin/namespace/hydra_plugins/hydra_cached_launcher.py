"""The launcher `hydra/launcher=hydra_cached`. Every Hydra application imports this module, so it imports only Hydra."""

# no postponed annotations: Hydra 1.3 executes this module without making it known, and dataclasses look for it then

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from hydra.core.config_store import ConfigStore
from hydra.core.utils import JobReturn
from hydra.plugins.launcher import Launcher
from hydra.types import HydraContext, TaskFunction


@dataclass
class HydraCachedLauncherConf:
    """The config of the launcher."""

    _target_: str = "hydra_plugins.hydra_cached_launcher.HydraCachedLauncher"
    cache_dir: str | None = None


class HydraCachedLauncher(Launcher):
    """Runs the jobs of a multirun in turn; what they instantiate in common is made once.

    Args:
        cache_dir: where results are kept for later multiruns; None keeps them until this one is done.
    """

    def __init__(self, cache_dir: str | None = None) -> None:
        self._cache_dir = cache_dir
        self._setup: dict[str, Any] = {}

    def setup(self, *, hydra_context: HydraContext, task_function: TaskFunction, config: Any) -> None:
        """Remember what is to be run."""
        self._setup = {"hydra_context": hydra_context, "task_function": task_function, "config": config}

    def launch(self, job_overrides: Sequence[Sequence[str]], initial_job_idx: int) -> Sequence[JobReturn]:
        """Run a batch of jobs."""
        from hydra_cached.plugin.launching import launch_jobs

        if self._cache_dir is None:
            import shutil
            import tempfile
            import weakref

            # for all batches: a sweeper may launch several
            self._cache_dir = tempfile.mkdtemp(prefix="hydra-cached-")
            weakref.finalize(self, shutil.rmtree, self._cache_dir, ignore_errors=True)
        return launch_jobs(self._setup, job_overrides, initial_job_idx, self._cache_dir)


ConfigStore.instance().store(
    group="hydra/launcher", name="hydra_cached", node=HydraCachedLauncherConf, provider="hydra_cached"
)
