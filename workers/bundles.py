"""Exercises on a node: fetched from the broker by the hash of their content, checked, kept in memory."""

from __future__ import annotations

from collections import OrderedDict

import redis

from workers.jobs import ExerciseFiles, unpack

MAX_CACHED_BYTES = 256 << 20


class BundleMissing(LookupError):
    """The broker does not hold the bundle: the site stores it again with the next attempt."""


class BundleCache:
    """Least recently used exercises leave first when more than `MAX_CACHED_BYTES` are held."""

    def __init__(self, client: redis.Redis) -> None:
        self._client = client
        self._cache: OrderedDict[str, ExerciseFiles] = OrderedDict()

    def get(self, version: str) -> ExerciseFiles:
        """The files of `version`, a sha256. Raises BundleMissing, BadExercise, redis.RedisError."""
        if version not in self._cache:
            data = self._client.get(f"bundle:{version}")
            if not isinstance(data, bytes):
                raise BundleMissing(version)
            self._cache[version] = unpack(data, version)
            while len(self._cache) > 1 and self._size() > MAX_CACHED_BYTES:
                self._cache.popitem(last=False)
        self._cache.move_to_end(version)
        return self._cache[version]

    def _size(self) -> int:
        return sum(len(content) for files in self._cache.values() for content in files.files.values())
