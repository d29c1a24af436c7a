"""Files on disk, or on a store that is mounted like one: uploaded tables, and months of the audit trail."""

from amss_adapters.files.audit_archive import FileAuditArchive
from amss_adapters.files.import_storage import FileImportStorage

__all__ = ["FileAuditArchive", "FileImportStorage"]
