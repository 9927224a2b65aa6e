"""A Hydra config directory with defaults lists, groups and packages, which several tests compose."""

from __future__ import annotations

CONFIG_DIR = {
    "conf/config.yaml": """
        defaults:
          - model: small
          - data@train: words
          - optional extra: null
          - _self_
        lr: 0.1
        size: ${model.size}
        """,
    "conf/other.yaml": "lr: 7\n",
    "conf/model/small.yaml": "_target_: builtins.dict\nsize: 1\n",
    "conf/model/large.yaml": "_target_: builtins.dict\nsize: 100\n",
    "conf/data/words.yaml": "_target_: builtins.list\n_args_: [[a, b]]\n",
    "conf/data/numbers.yaml": "_target_: builtins.list\n_args_: [[1, 2]]\n",
    "conf/extra/logging.yaml": "level: 1\n",
    "conf/extra/logged/all.yaml": "level: 2\n",
}
