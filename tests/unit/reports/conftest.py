"""The reports of a workshop."""

import pytest
from attrs import frozen

from amss_domain.reports.use_cases.availability import Availability
from amss_domain.reports.use_cases.compliance import CompliancePercentage
from amss_domain.reports.use_cases.inventory import InventoryBelowThreshold
from amss_domain.reports.use_cases.summary import Summary
from amss_domain.reports.use_cases.workload import Workload
from amss_domain.testing.workshop import Workshop


@frozen(kw_only=True)
class Reporting:
    """Every report of one organization."""

    summary: Summary
    compliance: CompliancePercentage
    inventory: InventoryBelowThreshold
    workload: Workload
    availability: Availability


@pytest.fixture
def reporting(workshop: Workshop) -> Reporting:
    """The reports over the workshop's backend."""
    open_uow, clock = workshop.tenant.backend.open_uow, workshop.clock
    return Reporting(
        summary=Summary(open_uow, clock),
        compliance=CompliancePercentage(open_uow, clock),
        inventory=InventoryBelowThreshold(open_uow, clock),
        workload=Workload(open_uow, clock),
        availability=Availability(open_uow, clock),
    )
