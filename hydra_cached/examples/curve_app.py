"""A Hydra application that fits a curve: `@hydra.main`, config groups, and one import line that is not Hydra's.

    python -m hydra_cached.examples.curve_app model=parabola
    python -m hydra_cached.examples.curve_app -m model=line,parabola,average hydra/launcher=hydra_cached

With the launcher, what several jobs instantiate in common is made once.
"""

from __future__ import annotations

import logging
from typing import Any

import hydra

# with Hydra alone: from hydra.utils import instantiate
from hydra_cached import instantiate

_LOGGER = logging.getLogger(__name__)


@hydra.main(version_base=None, config_path="curve_conf", config_name="config")
def main(config: Any) -> float:
    """Fit the model that was chosen, and say how far it is from the points."""
    points = instantiate(config.points)
    error: float = instantiate(config.error)
    _LOGGER.info("%d points, error %g", len(points), error)
    return error


if __name__ == "__main__":
    main()
