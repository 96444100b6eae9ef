#!/usr/bin/env python3
"""Counts the instructions of whole requests in real gateways, whatever else the machine does.

Each gateway runs under `valgrind --tool=callgrind` on one core, twice for each kind of request: the difference between 400 and
100 requests over one connection, divided by 300, is what one costs once everything is warm.

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


class Counted(c.Running):
    """A gateway under callgrind."""

    def count(self):
        """The instructions so far, once it has ended."""
        self.stop()
        text = Path(self.log.name).read_text(errors="replace")
        return int(re.search(r"Collected : (\d+)", text)[1])


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
    """What one request costs."""
    contender, counts = kind.switchboard(), []
    valgrind = ["valgrind", "--tool=callgrind", f"--callgrind-out-file={folder}/callgrind.out", str(Path(binary).absolute())]
    for count in (FEW, MANY):
        running = Counted(contender, folder, upstream, {"switchboard": valgrind}, patience=60)
        send(running, contender, kind.bodies.encode().split(b"\n"), count, kind.refused)
        counts.append(running.count())
    return (counts[1] - counts[0]) / (MANY - FEW)


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
                    rows.append([kind.name, *(f"{instructions(kind, path, upstream, Path(folder)):,.0f}" for path in gateways.values())])
            side_by_side.table(["request", *gateways], rows)
        finally:
            server.kill()


if __name__ == "__main__":
    main()
