"""Runs graphs: the scheduler, what it keeps in memory, and what it commits. Also the import paths of release 1.0rc1."""
