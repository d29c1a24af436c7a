"""The PostgreSQL adapter: pool, unit of work, one module a feature, named SQL and migrations."""

from amss_adapters.postgres.backend import PostgresBackend
from amss_adapters.postgres.session import Patience
from amss_adapters.postgres.unit_of_work import PostgresUnitOfWork

__all__ = ["Patience", "PostgresBackend", "PostgresUnitOfWork"]
