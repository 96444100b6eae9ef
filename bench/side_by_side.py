#!/usr/bin/env python3
"""Compares Switchboard with proxies that only copy bytes: CPU per request, throughput, added latency, memory.

Every round measures every contender once, in rotating order, and ratios are computed within a round, so that other load
on the machine affects all of them. The proxy has a core of its own; both ends share another.

    python3 bench/side_by_side.py                 # everything; 15 minutes after the build
    python3 bench/side_by_side.py --only cpu --rounds 3 --seconds 2
"""

import argparse
import dataclasses
import json
import os
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent))
import contenders as c
import updates

ROOT = Path(__file__).parent.parent
TARGET = Path(os.environ.get("CARGO_TARGET_DIR", ROOT / "target")).absolute()
AUDIT = '[audit]\nfile = "{dir}/audit.json"\n'
TRACES = '[traces]\nendpoint = "http://{upstream}"\n'
SUITES = ("cpu", "kinds", "latency", "memory", "start", "growth", "features", "generator")
WRK_ASSISTANTS = 10_000


def build_ends():
    """Builds the binary with both ends."""
    subprocess.run(["cargo", "build", "--quiet", "--locked", "--release", "-p", "bench"], cwd=ROOT, check=True)
    return TARGET / "release" / "bench"


def build(gateway):
    """The binaries to measure: `gateway` if given, otherwise Switchboard as in its image."""
    if not gateway:
        subprocess.run([sys.executable, ROOT / "bench" / "trained.py"], check=True)
    return {"switchboard": gateway or TARGET / "trained" / "switchboard", "bench": build_ends()}


class Bench:
    """The upstreams, a folder for files, and the load generator."""

    def __init__(self, options, binaries, folder):
        self.options, self.binaries, self.folder = options, binaries, folder
        subprocess.run([binaries["bench"], "certificate", folder], check=True)
        self.servers, self.upstreams, self.results = [], {}, {}

    def upstream(self, kind="clear"):
        """The address of an upstream of this kind, which is started when it is first needed."""
        if kind not in self.upstreams:
            address, log = f"127.0.0.1:{c.free_port()}", self.folder / f"upstream-{kind.replace(' ', '-')}.log"
            command = ["taskset", "-c", str(c.ENDS_CORE), str(self.binaries["bench"]), "upstream", address]
            command += ["--tls", str(self.folder)] if "tls" in kind else []
            command += ["--http2"] if "http2" in kind else []
            with open(log, "wb") as file:
                self.servers.append(subprocess.Popen(command, stdout=file, stderr=file))
            c.wait_for(address, self.servers[-1], log)
            self.upstreams[kind] = address
        return self.upstreams[kind]

    def close(self):
        for server in self.servers:
            server.kill()

    def start(self, contender):
        contender = dataclasses.replace(contender, certificates=str(self.folder))
        upstream = self.upstream(contender.variant.get("upstream", "clear"))
        folder = self.folder / contender.name.replace(" ", "-").replace("/", "-")
        return c.Running(contender, folder, upstream, self.binaries)

    def body(self, size, text=None):
        path = self.folder / f"update-{size}.json"
        path.write_text(text or updates.of_size(size))
        return path

    def body_of(self, kind):
        """The file with the bodies of a kind of request."""
        return self.body(kind.name.replace(" ", "-"), kind.bodies or "\n")

    def load(self, running, body, connections=64, rate=None, seconds=None, to=None, refused=False):
        """One measurement: the callers' figures and the proxy's CPU; with `refused`, the proxy must reject every request."""
        contender = running.contender if running else c.PASS
        command = ["taskset", "-c", str(c.ENDS_CORE), str(self.binaries["bench"]), "load", to or running.listen]
        command += ["--hold", "--method", contender.method, "--path", contender.path, "--body", str(body), "--connections", str(connections)]
        command += ["--seconds", str(seconds or self.options.seconds)]
        command += contender.load_options()
        for header in contender.headers:
            command += ["--header", header]
        if rate:
            command += ["--rate", str(rate)]
        load = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
        if load.stdout.readline() != "ready\n":
            raise SystemExit(f"{contender.name}: no connection could be set up")
        return self.figures(running, load, "\n", refused)

    def wrk(self, running, body, connections=64):
        """The same without `rate`, by wrk: its CPU includes the opening of the connections."""
        contender = running.contender
        command = ["taskset", "-c", str(c.ENDS_CORE), "wrk", "--threads", "1", "--connections", str(connections)]
        command += ["--duration", f"{max(1, round(self.options.seconds))}s", "--script", str(Path(__file__).parent / "update.lua")]
        command += [f"http://{running.listen}", "--", contender.path, str(body), str(WRK_ASSISTANTS), *contender.headers]
        return self.figures(running, subprocess.Popen(command, stdout=subprocess.PIPE, text=True))

    def figures(self, running, load, start=None, refused=False):
        """What the generator `load` reports when it has ended, and the proxy's CPU meanwhile."""
        name = running.contender.name if running else "direct"
        before = running.cpu() if running else 0
        output, _ = load.communicate(start)
        if load.returncode:
            raise SystemExit(f"{name}: the load failed")
        result = json.loads(output.splitlines()[-1])
        answers = result["bad"] if refused else result["good"]
        if result["bad"] and not refused:
            raise SystemExit(f"{name}: {result['bad']} answers were no success")
        result["cpu_us"] = (running.cpu() - before) * 1e6 / answers if running else 0
        result["per_second"] = answers / result["seconds"]
        return result

    def rounds(self, contenders, measure):
        """Starts all contenders once and measures each in every round; returns lists by name."""
        running = [self.start(contender) for contender in contenders]
        found = {contender.name: [] for contender in contenders}
        try:
            for number in range(self.options.rounds):
                turn = number % len(running)
                for proxy in running[turn:] + running[:turn]:
                    found[proxy.contender.name].append(measure(proxy))
        finally:
            for proxy in running:
                proxy.stop()
        return found


def available(contenders):
    for contender in contenders:
        if missing := contender.missing():
            print(f"skipped: {contender.name} needs {missing}")
    return [contender for contender in contenders if not contender.missing()]


def ratio(found, name, base, key):
    """The median of the ratios within a round, with minimum and maximum."""
    pairs = [a[key] / b[key] for a, b in zip(found[name], found[base]) if b[key]]
    return statistics.median(pairs), min(pairs), max(pairs)


def median(found, name, key):
    return statistics.median(result[key] for result in found[name])


def table(head, rows):
    widths = [max(len(str(row[i])) for row in [head, *rows]) for i in range(len(head))]
    for row in [head, ["-" * width for width in widths], *rows]:
        print("| " + " | ".join(str(cell).ljust(width) for cell, width in zip(row, widths)) + " |")


def against(found, key, digits=1):
    """A row for each contender: the median, and its ratio to both yardsticks."""
    rows = []
    for name in found:
        row = [name, f"{median(found, name, key):.{digits}f}"]
        for base in (c.NGINX_PASS.name, c.PASS.name):
            if base in found:
                middle, low, high = ratio(found, name, base, key)
                row.append(f"{middle:.2f} ({low:.2f}–{high:.2f})")
            else:
                row.append("–")
        rows.append(row)
    return rows


def cpu(bench):
    contenders = available([c.NGINX_PASS, c.PASS, c.HAPROXY_PASS, c.NGINX_LUA, c.SWITCHBOARD_ALL])
    for size in (2048, 65536):
        body = bench.body(size)
        found = bench.rounds(contenders, lambda proxy: bench.load(proxy, body))
        bench.results[f"cpu_{size}"] = found
        print(f"\n### CPU for a request of {size} bytes, 64 connections, µs\n")
        table(["proxy", "µs", "÷ nginx pass", "÷ hyper pass"], against(found, "cpu_us"))
        print(f"\n### Throughput at {size} bytes, requests per second on one core\n")
        table(["proxy", "1/s", "÷ nginx pass", "÷ hyper pass"], against(found, "per_second", 0))


@dataclasses.dataclass
class Kind:
    """A kind of request, and how it reaches Switchboard: `variant` is its configuration, `path` that of an update if not given."""

    name: str
    bodies: str
    variant: dict
    method: str = "PUT"
    path: str = ""
    refused: bool = False
    # The longest measurement: a creation has a connection of its own to the vendor, and ports are few.
    longest: float = 60.0

    def switchboard(self):
        contender = c.switchboard(**self.variant)
        return dataclasses.replace(contender, method=self.method, path=self.path or contender.path)

    def forwarding(self, contender):
        """A proxy that forwards the same request."""
        return dataclasses.replace(contender, method=self.method)


AUTOCALLS, SONDOS = {"dialect": "autocalls"}, {"dialect": "sondos", "handling": "lenient"}
STORE = '[store]\nkind = "sqlite"\npath = "{dir}/store.db"\n'
ONE, NEW = "/v1/assistants/vendor:789", "/v1/assistants?vendor=vendor"
KINDS = (
    Kind("Autocalls, strict, light (12 fields)", updates.of_size(2048), AUTOCALLS),
    Kind("Autocalls, strict, dense (44 to 57)", updates.dense(), AUTOCALLS),
    Kind("Sondos, lenient, light (12)", updates.of_size(2048), SONDOS),
    Kind("Sondos, lenient, dense (44 to 57)", updates.dense(), SONDOS),
    Kind("Autocalls, strict, dense, with a store", updates.dense(), {**AUTOCALLS, "telemetry": STORE}),
    Kind("Autocalls, read", "", AUTOCALLS, "GET", ONE),
    Kind("Autocalls, creation (15)", updates.creation(), AUTOCALLS, "POST", NEW, longest=0.3),
    Kind("Sondos, strict, dense, refused", updates.dense(), {**SONDOS, "handling": "strict"}, refused=True),
)


def kinds(bench):
    """CPU of each kind of request beside proxies that forward the same bytes; what is refused is not forwarded by Switchboard."""
    rows = []
    for kind in KINDS:
        body = bench.body_of(kind)
        contenders = available([kind.forwarding(c.NGINX_PASS), kind.forwarding(c.PASS), kind.switchboard()])

        def measure(proxy):
            seconds = min(bench.options.seconds, kind.longest)
            return bench.load(proxy, body, seconds=seconds, refused=kind.refused and proxy.contender.kind == "switchboard")

        found = bench.rounds(contenders, measure)
        bench.results[f"kind_{kind.name}"] = found
        ours = against(found, "cpu_us")[-1]
        nginx = f"{median(found, c.NGINX_PASS.name, 'cpu_us'):.1f}" if c.NGINX_PASS.name in found else "–"
        rows.append([kind.name, nginx, *ours[1:]])
    print("\n### CPU by kind of request, 64 connections, µs\n")
    table(["request", "nginx pass", "switchboard", "÷ nginx pass", "÷ hyper pass"], rows)


def latency(bench):
    body = bench.body(2048)
    contenders = available([c.NGINX_PASS, c.PASS, c.SWITCHBOARD_ALL])

    def measure(proxy):
        direct = bench.load(None, body, rate=2000, to=bench.upstream())
        through = bench.load(proxy, body, rate=2000)
        return {key: through[key] - direct[key] for key in ("p50", "p90", "p99")}

    found = bench.rounds(contenders, measure)
    bench.results["latency"] = found
    for key in ("p50", "p99"):
        print(f"\n### Added latency at 2,000 requests per second, {key}, µs\n")
        table(["proxy", "µs", "÷ nginx pass", "÷ hyper pass"], against(found, key))


def memory(bench):
    body = bench.body(2048)
    rows = []
    for contender in available([c.NGINX_PASS, c.PASS, c.SWITCHBOARD_ALL]):
        proxy = bench.start(contender)
        idle = proxy.memory()
        bench.load(proxy, body, connections=256)
        rows.append([contender.name, f"{idle / 1024:.1f}", f"{proxy.memory() / 1024:.1f}", f"{proxy.memory('VmHWM') / 1024:.1f}"])
        proxy.stop()
    bench.results["memory"] = rows
    print("\n### Resident memory, MB\n")
    table(["proxy", "idle", "after 256 connections", "most"], rows)


def start(bench):
    """The time from the command to the first accepted connection, and the size of the binary."""
    found = {}
    for assistants in (0, 1_000, 10_000):
        contender = c.switchboard(f"{assistants:,} named assistants", assistants=assistants)
        found[contender.name] = []
        for _ in range(bench.options.rounds):
            began = time.monotonic()
            running = bench.start(contender)
            found[contender.name].append({"ms": (time.monotonic() - began) * 1e3, "mb": running.memory() / 1024})
            running.stop()
    bench.results["start"] = found
    print("\n### Ready after start\n")
    table(["configuration", "ms", "MB"], [[n, f"{median(found, n, 'ms'):.0f}", f"{median(found, n, 'mb'):.1f}"] for n in found])
    size = os.path.getsize(bench.binaries["switchboard"])
    bench.results["binary_bytes"] = size
    print(f"\nThe binary: {size / 1e6:.1f} MB")


def growth(bench):
    """The cost of a request as one quantity grows."""
    both = available([c.NGINX_PASS, c.SWITCHBOARD_ALL])
    roomy = available([c.NGINX_PASS, c.switchboard(room=8192)])
    curve(bench, "bytes", (120, 512, 2048, 8192, 32768, 131072, 524288), lambda size: (both, updates.of_size(size), 64))
    curve(bench, "fields", (1, 4, 8, 16, 32), lambda count: (both, updates.of_fields(count), 64))
    curve(bench, "connections", (1, 4, 16, 64, 256, 1024, 4096), lambda count: (roomy, updates.of_size(2048), count))
    for what, points in (("vendors", (1, 10, 100)), ("assistants", (100, 1_000, 10_000)), ("cores", (1, 2))):
        curve(bench, what, points, lambda count: ([c.switchboard(**{what: count})], updates.of_size(2048), 64))


def curve(bench, what, points, at):
    """Measures at each point; `at` gives the contenders, the body and the number of connections."""
    rows, results = [], {}
    for point in points:
        contenders, text, connections = at(point)
        body = bench.body(f"{what}-{point}", text)
        found = bench.rounds(contenders, lambda proxy: bench.load(proxy, body, connections))
        for name in found:
            results.setdefault(name, {})[point] = [median(found, name, key) for key in ("cpu_us", "per_second")]
        rows.append([f"{point:,}", *(f"{results[name][point][0]:.1f}" for name in found)])
    bench.results[f"growth_{what}"] = results
    print(f"\n### CPU for a request by {what}, µs\n")
    table([what, *results], rows)


def features(bench):
    """Adds to, or removes from, the production configuration one feature at a time."""
    contenders = available([
        c.PASS,
        c.SWITCHBOARD_ALL,
        c.switchboard("without keys", auth="none"),
        c.switchboard("without limits", limits=False),
        c.switchboard("without the access log", level="warn"),
        c.switchboard("with the audit log", telemetry=AUDIT),
        c.switchboard("with audit log and traces, 1 of 100", telemetry=AUDIT + TRACES + "sample_ratio = 0.01"),
        c.switchboard("with audit log and traces, all", telemetry=AUDIT + TRACES),
        c.switchboard("HTTP/2 from callers", edge="http2"),
        c.switchboard("TLS from callers", edge="tls"),
        c.switchboard("TLS and HTTP/2 from callers", edge="tls http2"),
        c.switchboard("TLS to the vendor", upstream="tls"),
        c.switchboard("TLS and HTTP/2 to the vendor", upstream="tls http2"),
    ])
    body = bench.body(2048)
    found = bench.rounds(contenders, lambda proxy: bench.load(proxy, body))
    bench.results["features"] = found
    rows = []
    for name in found:
        middle, low, high = ratio(found, name, c.SWITCHBOARD_ALL.name, "cpu_us")
        rows.append([name, f"{median(found, name, 'cpu_us'):.1f}", f"{middle:.2f} ({low:.2f}–{high:.2f})"])
    print("\n### Features, CPU for a request of 2 KiB, µs\n")
    table(["configuration", "µs", "÷ everything on"], rows)


def generator(bench):
    """Measures the same with our load generator and with wrk, whose figures should agree."""
    if not shutil.which("wrk"):
        print("skipped: the comparison of load generators needs wrk")
        return
    rows = []
    for contender in available([c.NGINX_PASS, c.SWITCHBOARD_ALL]):
        for size in (2048, 65536):
            body = bench.body(size)
            found = bench.rounds([contender], lambda proxy: (bench.load(proxy, body), bench.wrk(proxy, body)))[contender.name]
            for key in ("cpu_us", "per_second"):
                ours, theirs = ([pair[index][key] for pair in found] for index in (0, 1))
                ratios = [b / a for a, b in zip(ours, theirs)]
                ratio = f"{statistics.median(ratios):.2f} ({min(ratios):.2f}–{max(ratios):.2f})"
                rows.append([contender.name, size, key, f"{statistics.median(ours):.1f}", f"{statistics.median(theirs):.1f}", ratio])
    bench.results["generator"] = rows
    print("\n### Load generators, 64 connections\n")
    table(["proxy", "bytes", "figure", "ours", "wrk", "wrk ÷ ours"], rows)


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--only", choices=SUITES, action="append", help="run only this suite; repeatable")
    parser.add_argument("--rounds", type=int, default=7)
    parser.add_argument("--seconds", type=float, default=3.0, help="duration of each measurement")
    parser.add_argument("--json", type=Path, help="write the figures to this file as JSON")
    parser.add_argument("--binary", type=Path, help="measure this gateway instead of building one")
    options = parser.parse_args()
    if len(c.CORES) < 2:
        raise SystemExit("two cores are needed: one for the proxy, one for both ends")
    binaries = build(options.binary)
    with tempfile.TemporaryDirectory(prefix="side-by-side-") as folder:
        bench = Bench(options, binaries, Path(folder))
        try:
            for suite in options.only or SUITES:
                globals()[suite](bench)
        finally:
            bench.close()
        if options.json:
            options.json.write_text(json.dumps(bench.results, indent=1))


if __name__ == "__main__":
    main()
