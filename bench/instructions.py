#!/usr/bin/env python3
"""Counts the instructions and allocations of whole requests in real gateways, whatever else the machine does.

Each gateway runs under `valgrind --tool=callgrind` on one core, twice for each kind of request: the difference between 400 and
100 requests over one connection, divided by 300, is what one costs once everything is warm. Allocations are counted in a binary that has
the names of its functions: `CARGO_PROFILE_RELEASE_STRIP=none cargo build --release`.

    python3 bench/instructions.py target/release/switchboard
    python3 bench/instructions.py old=/tmp/old now=target/release/switchboard --kind dense
"""

import argparse
import http.client
import re
import subprocess
import sys
import tempfile
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent))
import contenders as c
import side_by_side

FEW, MANY = 100, 400
# mimalloc's, by which the gateway allocates, and the C library's, by which SQLite does.
ALLOCATIONS = ("mi_malloc_aligned", "mi_zalloc_aligned", "mi_realloc_aligned", "malloc", "calloc", "realloc", "aligned_alloc", "posix_memalign")


class Counted(c.Running):
    """A gateway under callgrind."""

    def count(self, profile):
        """The instructions and the allocations so far, once it has ended."""
        self.stop()
        text = Path(self.log.name).read_text(errors="replace")
        return int(re.search(r"Collected : (\d+)", text)[1]), allocations(profile)


def allocations(profile):
    """How often the allocator was called; a profile names a function where it first occurs, then by its number only."""
    names, callee, found = {}, None, 0
    for line in profile.read_text().splitlines():
        if name := re.match(r"c?fn=\((\d+)\)(?: (.+))?", line):
            names[name[1]] = name[2] or names[name[1]]
            callee = names[name[1]]
        elif line.startswith("calls=") and callee in ALLOCATIONS:
            found += int(line.split()[0][len("calls="):])
    return found


def send(running, contender, bodies, count, refused):
    """Sends requests over one connection, one after another."""
    connection = http.client.HTTPConnection(running.listen, timeout=60)
    headers = dict(header.split(": ") for header in contender.headers)
    for number in range(count):
        body = bodies[number % len(bodies)]
        path = contender.path.replace("{n}", str(number % len(bodies) + 1))
        connection.request(contender.method, path, body, {**headers, "Content-Type": "application/json"} if body else headers)
        response = connection.getresponse()
        text = response.read()
        if refused != (response.status == 422) or (not refused and response.status >= 300):
            raise SystemExit(f"{response.status}: {text.decode(errors='replace')[:500]}")
    connection.close()


def instructions(kind, binary, upstream, folder):
    """What one request costs: its instructions, and in brackets its allocations."""
    contender, counts, profile = kind.switchboard(), [], folder / "callgrind.out"
    valgrind = ["valgrind", "--tool=callgrind", f"--callgrind-out-file={profile}", str(Path(binary).absolute())]
    for count in (FEW, MANY):
        running = Counted(contender, folder, upstream, {"switchboard": valgrind}, patience=60)
        send(running, contender, kind.bodies.encode().split(b"\n"), count, kind.refused)
        counts.append(running.count(profile))
    needed, allocated = ((many - few) / (MANY - FEW) for few, many in zip(*counts))
    return f"{needed:,.0f} ({allocated:.0f})"


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("gateway", nargs="+", help="a binary, or NAME=BINARY")
    parser.add_argument("--kind", default="", help="only kinds of requests whose name contains this")
    options = parser.parse_args()
    gateways = dict(given.split("=", 1) if "=" in given else (Path(given).name, given) for given in options.gateway)
    bench = side_by_side.build_ends()
    with tempfile.TemporaryDirectory(prefix="instructions-") as folder:
        upstream = f"127.0.0.1:{c.free_port()}"
        server = subprocess.Popen([bench, "upstream", upstream])
        try:
            rows = []
            for kind in side_by_side.KINDS:
                if options.kind in kind.name:
                    rows.append([kind.name, *(instructions(kind, path, upstream, Path(folder)) for path in gateways.values())])
            side_by_side.table(["request", *gateways], rows)
        finally:
            server.kill()


if __name__ == "__main__":
    main()
