"""Calls on the workers of a Dask cluster. The only place that imports dask and distributed."""
