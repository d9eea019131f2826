"""Work spread over the workers of a dask cluster (extra ``dask``)."""

from taskplan.cluster.opening import open_cluster as open_cluster
