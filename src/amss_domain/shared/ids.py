"""Identities, one type each, so that one can never stand where another belongs."""

from typing import NewType
from uuid import UUID

OrgId = NewType("OrgId", UUID)
UserId = NewType("UserId", UUID)
SessionId = NewType("SessionId", UUID)
RefreshTokenId = NewType("RefreshTokenId", UUID)
ApiKeyId = NewType("ApiKeyId", UUID)
PasswordResetId = NewType("PasswordResetId", UUID)
AircraftId = NewType("AircraftId", UUID)
UsageEntryId = NewType("UsageEntryId", UUID)
ProgramId = NewType("ProgramId", UUID)
LinkId = NewType("LinkId", UUID)
TaskId = NewType("TaskId", UUID)
TaskNoteId = NewType("TaskNoteId", UUID)
LabourId = NewType("LabourId", UUID)
DependencyId = NewType("DependencyId", UUID)
PartId = NewType("PartId", UUID)
StockId = NewType("StockId", UUID)
ReservationId = NewType("ReservationId", UUID)
MovementId = NewType("MovementId", UUID)
EventId = NewType("EventId", UUID)
WebhookId = NewType("WebhookId", UUID)
DeliveryId = NewType("DeliveryId", UUID)
AlertId = NewType("AlertId", UUID)
ImportId = NewType("ImportId", UUID)
