"""Pipelines to try and to copy from. They use the public package only, and nothing in the package uses them."""
