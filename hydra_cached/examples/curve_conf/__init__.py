"""Configs of the example `curve`. Hydra finds them in a package only where this file is."""
