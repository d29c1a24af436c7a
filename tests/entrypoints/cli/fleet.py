"""A small fleet to import, for tests of commands that need one."""

from pathlib import Path

AIRCRAFT = ("registration,model,current_hours,current_cycles,as_of", "D-ONE,C172,1000.00,900,2026-02-01")
PROGRAMS = ("name,interval_hours,preset", "100 h,100,faa_100h")
LINKS = ("registration,program,last_completed_date,last_completed_hours", "D-ONE,100 h,2026-01-15,950.50")
PARTS = (
    "part_number,description,location,quantity,lot,expiry_date,reorder_point",
    "OIL,Oil,Store,2,L1,2026-04-01,3",
    "OIL,Oil,Store,10,L2,2027-04-01,3",
)


def write(folder: Path) -> list[tuple[str, Path]]:
    """Write the tables into a folder and return the kind and path of each, in order."""
    tables = {"aircraft": AIRCRAFT, "parts": PARTS, "programs": PROGRAMS, "program-links": LINKS}
    written = []
    for kind, lines in tables.items():
        path = folder / f"{kind}.csv"
        path.write_text("".join(f"{line}\n" for line in lines), encoding="utf-8")
        written.append((kind, path))
    return written
