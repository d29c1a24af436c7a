"""The made-up fleet of `amss demo`: five tables to import, and what no table holds."""

from collections.abc import Mapping
from datetime import date, timedelta
from typing import Final

from attrs import frozen

from amss_domain.access.model import Role
from amss_domain.imports.model import ImportKind

STORY_AIRCRAFT: Final = "DM-CAA"
STORY_PROGRAM: Final = "100-hour inspection"
STORY_PARTS: Final[Mapping[str, int]] = {"FILTER-48": 1, "OIL-W100": 7, "GASKET-201": 1}
STORY_CHECKLIST: Final = (
    "Compression of every cylinder is within limits",
    "Oil filter cut open: no metal in it",
    "Engine run-up: no leaks",
)


@frozen
class Person:
    """Somebody who works with the demo fleet."""

    email: str
    name: str
    role: Role


PEOPLE: Final = (
    Person("admin@demo.local", "Ada Admin", Role.ADMIN),
    Person("planner@demo.local", "Paul Planner", Role.PLANNER),
    Person("technician@demo.local", "Tess Technician", Role.TECHNICIAN),
    Person("compliance@demo.local", "Cora Compliance", Role.COMPLIANCE_OFFICER),
    Person("viewer@demo.local", "Vic Viewer", Role.VIEWER),
    Person("sysadmin@demo.local", "Sam Sysadmin", Role.SYSTEM_ADMIN),
)

# {day:-60} is the day 60 days before the demo fleet was taken in. Registrations, serial numbers and the directive are
# made up; DM is a prefix that no country uses today.
_TABLES: Final[Mapping[ImportKind, str]] = {
    ImportKind.AIRCRAFT: """\
registration,model,manufacturer,serial_number,current_hours,current_cycles,as_of,in_service_date
DM-CAA,Cessna 172S,Textron Aviation,172S-90001,3472.00,5110,{day:-60},2011-05-14
DM-CAB,Cessna 172S,Textron Aviation,172S-90002,2907.50,4301,{day:-60},2013-03-02
DM-DIA,DA42 NG,Diamond Aircraft,42.N900,1188.40,1402,{day:-60},2016-08-20
DM-DIB,DA42 NG,Diamond Aircraft,42.N901,1402.10,1655,{day:-60},2015-06-11
DM-ATA,ATR 72-600,ATR,9001,18250.00,21040,{day:-60},2012-11-30
DM-ATB,ATR 72-600,ATR,9002,16904.50,19480,{day:-60},2013-09-17
""",
    ImportKind.PARTS: """\
part_number,description,unit_price,location,quantity,lot,expiry_date,minimum_stock,reorder_point,lead_time_days
FILTER-48,Oil filter,31.50,Shelf A1,6,F-17,,2,3,10
OIL-W100,Aviation oil W100 (litre),9.80,Oil store,5,L-0311,{day:-20},10,12,5
OIL-W100,Aviation oil W100 (litre),9.80,Oil store,5,L-0502,{day:40},10,12,5
OIL-W100,Aviation oil W100 (litre),9.80,Oil store,24,L-0718,{day:400},10,12,5
GASKET-201,Gasket kit for 100-hour inspection,44.00,Shelf A2,3,G-09,,1,2,21
BRAKE-30,Brake lining set,128.00,Shelf B1,4,B-55,,1,1,30
O-RING-7,O-ring kit for landing gear,76.25,Shelf B2,2,R-03,{day:180},1,1,45
""",
    ImportKind.PROGRAMS: """\
name,description,reference,kind,combine,interval_hours,interval_cycles,interval_months,interval_calendar_months,\
threshold_hours,early_hours,late_cycles,late_months,preset,applies_to
100-hour inspection,Inspection of an aircraft used for hire or instruction,14 CFR 91.409(b),inspection,first,\
100,,,,,,,,faa_100h,model:Cessna 172S
Annual inspection,Annual inspection,14 CFR 91.409(a),inspection,first,,,,12,,,,,faa_calendar,model:Cessna 172S
Altimeter and transponder test,Pitot-static and transponder test,14 CFR 91.411 and 91.413,test,first,\
,,,24,,,,,faa_calendar,model:Cessna 172S
DA42 inspection,100 hours or 12 months whichever comes first,Maintenance manual 05-20,inspection,first,\
100,,12,,,,,,easa_part_ml,model:DA42 NG
AD fuel hoses,Fuel hoses: first at 600 hours and then every 150 hours,AD 9999-0042 (made up),directive,first,\
150,,,,600,,,,no_tolerance,model:DA42 NG
ATR A-check,A-check with the maker's window of 50 hours,Maintenance planning document,inspection,first,\
500,,,,,50,,,oem_window,model:ATR 72-600
Landing gear overhaul,Overhaul by cycles or years whichever comes first,Approved programme,overhaul,first,\
,20000,120,,,,500,3,easa_part_m_variation,model:ATR 72-600
Propeller blade inspection,3000 hours and 36 months whichever comes last,Approved programme,inspection,last,\
3000,,36,,,,,,,model:ATR 72-600
""",
    ImportKind.PROGRAM_LINKS: """\
registration,program,last_completed_date,last_completed_hours,last_completed_cycles
DM-CAA,100-hour inspection,{day:-190},3389.80,4990
DM-CAA,Annual inspection,{day:-190},3389.80,4990
DM-CAA,Altimeter and transponder test,{day:-300},3325.00,4901
DM-CAB,100-hour inspection,{day:-80},2879.10,4262
DM-CAB,Annual inspection,{day:-362},2795.00,4120
DM-CAB,Altimeter and transponder test,{day:-362},2795.00,4120
DM-DIA,DA42 inspection,{day:-70},1180.00,1392
DM-DIA,AD fuel hoses,{day:-230},1041.60,1236
DM-DIB,DA42 inspection,{day:-250},1306.30,1541
DM-DIB,AD fuel hoses,{day:-120},1352.00,1596
DM-ATA,ATR A-check,{day:-110},17826.20,20544
DM-ATA,Landing gear overhaul,{day:-1500},10120.00,11480
DM-ATA,Propeller blade inspection,{day:-800},14310.00,16420
DM-ATB,ATR A-check,{day:-45},16904.50,19480
DM-ATB,Landing gear overhaul,{day:-1450},9480.00,10920
""",
    ImportKind.USAGE: """\
registration,occurred_on,hours,cycles,external_id
DM-CAA,{day:-24},2.60,4,demo-caa-1
DM-CAA,{day:-11},1.90,3,demo-caa-2
DM-CAA,{day:-3},1.90,3,demo-caa-3
DM-CAB,{day:-18},3.20,5,demo-cab-1
DM-CAB,{day:-6},2.80,4,demo-cab-2
DM-DIA,{day:-21},2.70,2,demo-dia-1
DM-DIA,{day:-4},3.70,3,demo-dia-2
DM-DIB,{day:-16},4.30,3,demo-dib-1
DM-DIB,{day:-5},3.90,3,demo-dib-2
DM-ATA,{day:-30},12.40,14,demo-ata-1
DM-ATA,{day:-9},13.10,15,demo-ata-2
DM-ATA,{day:-2},12.70,14,demo-ata-3
DM-ATB,{day:-14},11.80,13,demo-atb-1
DM-ATB,{day:-2},12.20,14,demo-atb-2
""",
}


class _Day:
    """A day that a format specification counts from: `{day:-60}` is 60 days before."""

    def __init__(self, on: date) -> None:
        self._on = on

    def __format__(self, days: str) -> str:
        return (self._on + timedelta(days=int(days))).isoformat()


def tables_on(day: date) -> dict[ImportKind, str]:
    """Return the tables as CSV, in the order in which they are to be imported, for a fleet taken in on `day`."""
    return {kind: text.format(day=_Day(day)) for kind, text in _TABLES.items()}
