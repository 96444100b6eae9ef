"""The proxies that are compared, and how each is configured and started: on one core, with one upstream."""

import hashlib
import os
import shutil
import socket
import subprocess
import time
from dataclasses import dataclass, field
from pathlib import Path

CORES = sorted(os.sched_getaffinity(0))
PROXY_CORE, ENDS_CORE = CORES[0], CORES[-1]
# As long as real ones: shorter than a secret, a text of the vendor needs no search for it.
TOKEN = "1|0123456789abcdefghijklmnopqrstuvwxyzABCD"
KEY = "sb_bench_0123456789abcdefghijklmnopqrstuvwxyz"
LUA_MODULE = Path("/usr/lib/nginx/modules/ngx_http_lua_module.so")
NDK_MODULE = Path("/usr/lib/nginx/modules/ndk_http_module.so")

NGINX = """
{modules}
worker_processes 1;
daemon off;
pid {dir}/nginx.pid;
error_log {dir}/nginx-error.log;
events {{ worker_connections 16384; }}
http {{
  access_log off;
  client_body_temp_path {dir}/body; proxy_temp_path {dir}/proxy; fastcgi_temp_path {dir}/f; uwsgi_temp_path {dir}/u; scgi_temp_path {dir}/s;
  client_body_buffer_size 1m;
  keepalive_requests 100000000;
  upstream vendor {{ server {upstream}; keepalive 4096; keepalive_requests 100000000; }}
  server {{
    listen {listen} backlog=8192;
    location / {{
      {rewrite}
      proxy_pass http://vendor;
      proxy_http_version 1.1;
      proxy_set_header Connection "";
    }}
  }}
}}
"""

# What nginx with Lua would do for one vendor: rename keys and map one value.
LUA = """
      rewrite_by_lua_block {
        local cjson = require "cjson"
        ngx.req.read_body()
        local update = cjson.decode(ngx.req.get_body_data())
        update.assistant_name, update.name = update.name, nil
        update.engine_type, update.mode = update.mode, nil
        if update.wait_for_customer ~= nil then
          update.who_speaks_first = update.wait_for_customer and "Customer" or "AI assistant"
          update.wait_for_customer = nil
        end
        ngx.req.set_body_data(cjson.encode(update))
        ngx.req.set_header("Authorization", "Bearer vendor-token")
      }
"""

HAPROXY = """
global
  nbthread 1
  maxconn 6000
defaults
  mode http
  timeout client 60s
  timeout server 60s
  timeout connect 5s
  http-reuse always
frontend callers
  bind {listen}
  default_backend vendor
backend vendor
  server upstream {upstream} pool-max-conn 4096
"""

# A production configuration: keys, limits, order, breaker, retries, access log as JSON, metrics.
SWITCHBOARD = """
[server]
listen = "{listen}"
admin_listen = "{admin}"
max_in_flight = 16384
max_connections = 16384
[auth]
mode = "{auth}"
[log]
format = "json"
level = "{level}"
{telemetry}
{clients}
{server}
{vendors}
{assistants}
"""

VENDOR = """
[vendors.{name}]
dialect = "{dialect}"
base_url = "{scheme}://{upstream}/api"
token = {{ env = "BENCH_TOKEN" }}
handling = "{handling}"
{room}
{limit}
{tls}
[vendors.{name}.catalog.languages]
1 = "English"
[vendors.{name}.catalog.models]
4 = "gpt-4.1"
"""
ASSISTANT = '[assistants.{name}]\nvendor = "vendor"\nid = "{number}"\n'
EDGE_TLS = '[server.tls]\ncert = "{folder}/certificate.pem"\nkey = "{folder}/key.pem"\n'
VENDOR_TLS = 'ca_file = "{folder}/certificate.pem"'

CLIENT = """
[clients.bench]
key_sha256 = "{digest}"
operations = ["create", "read", "update"]
{limit}
"""


def free_port():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


@dataclass
class Contender:
    """A proxy to measure.

    `variant` holds the differences in Switchboard's configuration: `auth`, `limits`, `level`, `telemetry`; `edge`, which
    is `clear`, `tls`, `http2` or `tls http2`; `upstream`, which is `clear`, `tls` or `tls http2`; the vendors' `dialect`;
    `handling`; `room`, the limit of concurrent requests if not the default; the number of `vendors` and named `assistants`; the
    number of `cores`.
    """

    name: str
    kind: str
    variant: dict = field(default_factory=dict)
    path: str = "/api/user/assistant/{n}"
    method: str = "PUT"
    headers: tuple = ()
    certificates: str = ""

    def load_options(self):
        """The options of the load generator."""
        edge = self.variant.get("edge", "clear")
        return (["--tls", self.certificates] if "tls" in edge else []) + (["--http2"] if "http2" in edge else [])

    def cores(self):
        """The cores that it runs on."""
        return f"{PROXY_CORE},{ENDS_CORE}" if self.variant.get("cores") == 2 else str(PROXY_CORE)

    def missing(self):
        """What must be installed for it, or `None`."""
        if self.kind == "nginx" and not shutil.which("nginx"):
            return "nginx (Debian: nginx-light)"
        if self.kind == "nginx-lua" and not (shutil.which("nginx") and LUA_MODULE.exists()):
            return "nginx and its Lua module (Debian: nginx-light libnginx-mod-http-lua lua-cjson)"
        if self.kind == "haproxy" and not shutil.which("haproxy"):
            return "haproxy"
        return None

    def command(self, folder, listen, upstream, binaries):
        """Writes its configuration and returns its command line."""
        if self.kind == "pass":
            return [binaries["bench"], "pass", listen, upstream]
        if self.kind in ("nginx", "nginx-lua"):
            lua = self.kind == "nginx-lua"
            modules = f"load_module {NDK_MODULE};\nload_module {LUA_MODULE};" if lua else ""
            text = NGINX.format(dir=folder, listen=listen, upstream=upstream, modules=modules, rewrite=LUA if lua else "")
            (folder / "nginx.conf").write_text(text)
            return ["nginx", "-p", folder, "-c", folder / "nginx.conf", "-e", folder / "nginx-error.log"]
        if self.kind == "haproxy":
            (folder / "haproxy.cfg").write_text(HAPROXY.format(listen=listen, upstream=upstream))
            return ["haproxy", "-db", "-f", folder / "haproxy.cfg"]
        (folder / "switchboard.toml").write_text(self.toml(folder, listen, upstream))
        binary = binaries["switchboard"]
        return [*(binary if isinstance(binary, list) else [binary]), "serve", "--config", folder / "switchboard.toml"]

    def toml(self, folder, listen, upstream):
        variant = {"auth": "keys", "limits": True, "level": "info", "telemetry": "", "vendors": 1, "assistants": 0}
        variant.update(edge="clear", upstream="clear", dialect="sondos", handling="strict", room=None)
        variant.update(self.variant)
        limit = "rate_limit = { per_second = 1000000, burst = 1000000 }" if variant["limits"] else ""
        digest = hashlib.sha256(KEY.encode()).hexdigest()
        secure = "tls" in variant["upstream"]
        names = ["vendor", *(f"other{number}" for number in range(1, variant["vendors"]))]
        room = f"max_in_flight = {variant['room']}" if variant["room"] else ""
        vendor = {"dialect": variant["dialect"], "scheme": "https" if secure else "http", "upstream": upstream, "handling": variant["handling"]}
        vendor.update(limit=limit, room=room)
        vendors = (
            VENDOR.format(name=name, tls=VENDOR_TLS.format(folder=self.certificates) if secure else "", **vendor)
            for name in names
        )
        return SWITCHBOARD.format(
            listen=listen,
            admin=f"127.0.0.1:{free_port()}",
            auth=variant["auth"],
            level=variant["level"],
            telemetry=variant["telemetry"].format(upstream=upstream, dir=folder),
            clients=CLIENT.format(digest=digest, limit=limit) if variant["auth"] == "keys" else "",
            server=EDGE_TLS.format(folder=self.certificates) if "tls" in variant["edge"] else "",
            vendors="".join(vendors),
            assistants="".join(ASSISTANT.format(name=f"a{n}", number=n) for n in range(1, variant["assistants"] + 1)),
        )


def switchboard(name="switchboard", **variant):
    """Switchboard in its production configuration, with the differences in `variant`."""
    path = "/v1/assistants/a{n}" if variant.get("assistants") else "/v1/assistants/vendor:{n}"
    headers = (f"Authorization: Bearer {KEY}",) if variant.get("auth", "keys") == "keys" else ()
    return Contender(name, "switchboard", variant, path, headers=headers)


PASS = Contender("hyper pass", "pass")
NGINX_PASS = Contender("nginx pass", "nginx")
NGINX_LUA = Contender("nginx + Lua", "nginx-lua")
HAPROXY_PASS = Contender("haproxy pass", "haproxy")
SWITCHBOARD_ALL = switchboard()


class Running:
    """A started proxy."""

    def __init__(self, contender, folder, upstream, binaries, patience=20):
        self.contender = contender
        self.listen = f"127.0.0.1:{free_port()}"
        folder.mkdir(parents=True, exist_ok=True)
        command = contender.command(folder, self.listen, upstream, binaries)
        self.log = open(folder / "log.json", "wb")
        self.process = subprocess.Popen(
            ["taskset", "-c", contender.cores(), *map(str, command)],
            stdout=self.log,
            stderr=self.log,
            env={"PATH": "/usr/bin:/bin:/usr/sbin:/sbin", "BENCH_TOKEN": TOKEN},
        )
        wait_for(self.listen, self.process, folder / "log.json", patience)

    def pids(self):
        """The process and its children; nginx works in a child."""
        root = self.process.pid
        children = Path(f"/proc/{root}/task/{root}/children").read_text().split()
        return [root, *map(int, children)]

    def cpu(self):
        """CPU seconds of all its threads so far."""
        total = 0
        for pid in self.pids():
            for task in Path(f"/proc/{pid}/task").iterdir():
                try:
                    total += int((task / "schedstat").read_text().split()[0])
                except (FileNotFoundError, ProcessLookupError):
                    pass
        return total / 1e9

    def memory(self, key="VmRSS"):
        """Kilobytes of all its processes; `VmHWM` gives the peak."""
        total = 0
        for pid in self.pids():
            for line in Path(f"/proc/{pid}/status").read_text().splitlines():
                if line.startswith(key + ":"):
                    total += int(line.split()[1])
        return total

    def stop(self):
        self.process.terminate()
        try:
            self.process.wait(10)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()
        self.log.close()


def wait_for(address, process, log, seconds=20):
    host, port = address.split(":")
    until = time.monotonic() + seconds
    while time.monotonic() < until:
        if process.poll() is not None:
            raise SystemExit(f"{process.args} ended:\n{log.read_text()[-2000:]}")
        try:
            socket.create_connection((host, int(port)), 1).close()
            return
        except OSError:
            time.sleep(0.01)
    raise SystemExit(f"{process.args} does not listen at {address}")
