"""Redis or Valkey: what several processes share and may lose."""

from amss_adapters.redis.connection import connect, is_available
from amss_adapters.redis.rate_limit import RedisRateLimiter

__all__ = ["RedisRateLimiter", "connect", "is_available"]
