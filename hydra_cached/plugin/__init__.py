"""The face of the package towards Hydra: a launcher for existing `@hydra.main` applications.

Hydra finds it below ``namespace/``, which an installation puts beside the package as the namespace `hydra_plugins`.
"""
