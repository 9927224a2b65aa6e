"""Import paths of release 1.0rc1."""
