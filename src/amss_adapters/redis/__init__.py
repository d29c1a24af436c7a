"""Redis or Valkey: what several processes share and may lose."""

from amss_adapters.redis.connection import connect, is_available
from amss_adapters.redis.rate_limit import RedisRateLimiter
from amss_adapters.redis.streams import RedisStreams
from amss_adapters.redis.waking import RedisWaking

__all__ = ["RedisRateLimiter", "RedisStreams", "RedisWaking", "connect", "is_available"]
