"""What `python -m jobs.bench.peak FORM FILE` says: the memory a task takes to register and to land a dump of `jobs.bench.dumps`. One JSON object.

`before`, `registered`, `landed`: the most bytes that the process held (VmHWM) once everything is imported, after counting, after reading and typing every row.
"""

from __future__ import annotations

import json
import re
import sys
from pathlib import Path

from jobs.bench.dumps import contract
from jobs.bench.local_files import cut, values


def most_held() -> int:
    """The most bytes this process held so far, by Linux."""
    [kibibytes] = re.findall(r"VmHWM:\s+(\d+) kB", Path("/proc/self/status").read_text())
    return int(kibibytes) << 10


def main(form: str, path: Path) -> None:
    asked, before = contract(form), most_held()
    pieces, registered = cut(asked, path), most_held()
    rows = sum(frame.height for piece in pieces for frame in values(asked, piece))
    sys.stdout.write(json.dumps({"before": before, "registered": registered, "landed": most_held(), "rows": rows, "pieces": len(pieces)}))


if __name__ == "__main__":
    main(sys.argv[1], Path(sys.argv[2]))
