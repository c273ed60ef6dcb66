"""The kernel cache is chosen before numba is imported, as the command line does."""

from umrnn import _cache

_cache.use()
