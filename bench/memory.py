#!/usr/bin/env python3
"""Memory and CPU per request of the real binary: held by a hanging vendor, dripping, and hostile.

    cargo build --release && python3 bench/memory.py [--binary target/release/switchboard] [--count 64]

Each row uses its own process on loopback. It shows the growth of resident memory per request after a warm-up: with COUNT
concurrent requests held, or the peak while they are answered. Then it shows CPU per request and the slowest response,
which depends on the load of the machine. It needs Linux.
"""

import argparse
import asyncio
import gzip
import json
import os
import signal
import tempfile
import time

MIB = 1 << 20
CONFIG = """[server]
listen = "127.0.0.1:0"
admin_listen = "127.0.0.1:0"
request_timeout = "10m"
body_timeout = "10m"
max_in_flight = 4096
[auth]
mode = "none"
[log]
format = "json"
[vendors.v]
dialect = "autocalls"
base_url = "http://127.0.0.1:{port}/api"
token = {{ env = "TOKEN" }}
timeout = "10m"
max_in_flight = 4096
"""
PATH = "/v1/assistants/v:"
# The last digit of the id selects the vendor's behaviour. The other digits make ids differ, because updates of the same
# assistant wait for each other.
HANGS, ANSWERS, DRIPS = 1, 2, 3
NUMBER = b"<number>"


class Vendor:
    """Counts complete requests; hangs, responds, or starts a response of 1 MiB that never ends."""

    async def start(self):
        self.whole, self.arrived = 0, asyncio.Event()
        server = await asyncio.start_server(self.serve, "127.0.0.1", 0, limit=4 * MIB)
        self.port = server.sockets[0].getsockname()[1]

    async def serve(self, reader, writer):
        try:
            while True:
                head = (await reader.readuntil(b"\r\n\r\n")).decode()
                length = int(head.lower().split("content-length: ")[1].split("\r\n")[0])
                await reader.readexactly(length)
                act = int(head.split(" ")[1][-1])
                body = b'{"message":"m","data":{"id":1,"name":"n","status":"s","type":"inbound","mode":"pipeline"}}'
                if act == DRIPS:
                    writer.write(b"HTTP/1.1 200 OK\r\ncontent-length: %d\r\n\r\n" % MIB + b" " * (MIB - 1))
                    await writer.drain()
                elif act == ANSWERS:
                    writer.write(b"HTTP/1.1 200 OK\r\ncontent-length: %d\r\n\r\n" % len(body) + body)
                self.whole += 1
        except (asyncio.IncompleteReadError, ConnectionError):
            pass


class Gateway:
    async def start(self, binary, vendor):
        self.folder = tempfile.TemporaryDirectory()
        path = os.path.join(self.folder.name, "switchboard.toml")
        with open(path, "w") as file:
            file.write(CONFIG.format(port=vendor.port))
        self.process = await asyncio.create_subprocess_exec(
            binary, "serve", "--config", path, env={"TOKEN": "1|abcdefghijklmnop"}, stderr=asyncio.subprocess.PIPE
        )
        while True:
            line = json.loads(await self.process.stderr.readline())
            if line.get("message") == "listening":
                self.port = int(line["api"].rsplit(":", 1)[1])
                break
        self.drain = asyncio.create_task(self.process.stderr.read())

    def memory(self, what):
        with open(f"/proc/{self.process.pid}/status") as file:
            return int(next(line for line in file if line.startswith(what)).split()[1])

    def cpu(self):
        """CPU seconds so far."""
        with open(f"/proc/{self.process.pid}/stat") as file:
            fields = file.read().rsplit(") ", 1)[1].split()
        return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")

    async def stop(self):
        self.process.send_signal(signal.SIGKILL)
        await self.process.wait()
        await self.drain
        self.folder.cleanup()


def request(body, act=ANSWERS, headers=b"", length=True):
    length = b"content-length: %d\r\n" % len(body) if length else b""
    return (
        b"PUT " + PATH.encode() + NUMBER + b"%d" % act + b" HTTP/1.1\r\nhost: localhost\r\nconnection: close\r\n"
        b"content-type: application/json\r\n" + length + headers + b"\r\n" + body
    )


def chunked(body):
    pieces = [body[at : at + 16384] for at in range(0, len(body), 16384)]
    return b"".join(b"%x\r\n%s\r\n" % (len(piece), piece) for piece in pieces) + b"0\r\n\r\n"


def valid(size=MIB):
    frame = b'{"vendor_options":{"v":{"x":"%s"}}}'
    return frame % (b"x" * (size - len(frame) + 2))


SMALL = b'{"name":"x"}'
CHUNKED = b"transfer-encoding: chunked\r\n"
BOMB = gzip.compress(b'{"name":"' + b"a" * (1000 * MIB) + b'"}', 9)

HELD = [
    ("2 KiB at a vendor that hangs", request(valid(2048), HANGS)),
    ("64 KiB at a vendor that hangs", request(valid(65536), HANGS)),
    ("1 MiB at a vendor that hangs", request(valid(), HANGS)),
    ("the same, chunked", request(chunked(valid()), HANGS, CHUNKED, False)),
    ("the same, as 1 KiB of gzip", request(gzip.compress(valid()), HANGS, b"content-encoding: gzip\r\n")),
    ("1 MiB that lacks its last byte", request(valid())[:-1]),
    ("the same, chunked", request(chunked(valid())[:-9], ANSWERS, CHUNKED, False)),
    ("2 KiB, and 1 MiB less a byte of an answer", request(valid(2048), DRIPS)),
]
ANSWERED = [
    ("1 MiB, applied", request(valid())),
    ("1 MiB of `[`", request(b"[" * MIB)),
    ("1 MiB of `{\"a\":`", request(b'{"a":' * (MIB // 5))),
    ("95,000 unknown keys", request(b"{%s}" % b",".join(b'"k%d":0' % n for n in range(95_000)))),
    ("the same, lenient", request(b"{%s}" % b",".join(b'"k%d":0' % n for n in range(95_000)), headers=b"prefer: handling=lenient\r\n")),
    ("a key of 1 MiB", request(b'{"%s":0}' % (b"k" * (MIB - 8)))),
    ("500,000 tools", request(b'{"tools":[%s]}' % b",".join([b"0"] * 500_000))),
    ("300,000 broken tools", request(b'{"tools":[%s]}' % b",".join([b"{}"] * 300_000))),
    ("a number of 1 MiB", request(b'{"speech_speed":%s}' % (b"9" * (MIB - 18)))),
    ("an exponent of 1 MiB", request(b'{"speech_speed":1e%s}' % (b"9" * (MIB - 20)))),
    ("1 MiB of escapes", request(b'{"name":"%s"}' % (b"\\u0000" * (MIB // 6 - 3)))),
    ("a gzip bomb of 1 GiB", request(BOMB[:MIB], headers=b"content-encoding: gzip\r\n")),
    ("2 MiB announced", request(valid(2 * MIB))),
    ("2 MiB, chunked", request(chunked(valid(2 * MIB)), headers=CHUNKED, length=False)),
    ("1 MiB of header", b"GET / HTTP/1.1\r\nhost: localhost\r\nx: " + b"x" * MIB + b"\r\n\r\n"),
    ("100,000 headers", b"GET / HTTP/1.1\r\nhost: localhost\r\n" + b"x: y\r\n" * 100_000 + b"\r\n"),
]


async def send(gateway, number, text, answered):
    text = text.replace(NUMBER, b"%d" % (number + 1), 1)
    reader, writer = await asyncio.open_connection("127.0.0.1", gateway.port)
    began = time.monotonic()
    writer.write(text)
    if not answered:
        await writer.drain()
        return writer
    try:
        status = (await reader.read(16)).split(b" ")[1].decode()
        while await reader.read(65536):
            pass
    except (ConnectionError, IndexError):
        status = "reset"
    writer.close()
    return status, time.monotonic() - began


async def row(options, name, text, answered):
    vendor, gateway = Vendor(), Gateway()
    await vendor.start()
    await gateway.start(options.binary, vendor)
    await asyncio.gather(*(send(gateway, n, request(SMALL), True) for n in range(options.count)))
    idle, arrived, count = gateway.memory("VmRSS"), vendor.whole, options.count
    cpu = gateway.cpu()
    results = await asyncio.gather(*(send(gateway, n, text, answered) for n in range(count)))
    if answered:
        assert gateway.process.returncode is None, "the gateway has ended"
        statuses = ", ".join(sorted({status for status, _ in results}))
        slowest = max(took for _, took in results) * 1000
        cpu = (gateway.cpu() - cpu) / count * 1000
        grown = gateway.memory("VmHWM") - idle
        print(f"| {name} | {statuses} | {grown / count:,.0f} | {cpu:,.1f} | {slowest:,.0f} |", flush=True)
    else:
        before = -1
        while before != (grown := gateway.memory("VmRSS") - idle) or grown < 0:
            before = grown
            await asyncio.sleep(1)
        there = vendor.whole - arrived
        print(f"| {name} | {there} of {count} | {grown / count:,.0f} |", flush=True)
    await gateway.stop()


async def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--binary", default="target/release/switchboard")
    parser.add_argument("--count", type=int, default=64)
    options = parser.parse_args()
    print("| held | at the vendor | KiB per request |\n|---|---|---|")
    for name, text in HELD:
        await row(options, name, text, False)
    print("\n| answered | status | KiB per request, at most | CPU ms per request | slowest, ms |\n|---|---|---|---|---|")
    for name, text in ANSWERED:
        await row(options, name, text, True)


asyncio.run(main())
