// The real binary with simulators behind it, on free ports, with tokens, a store and an audit log in a folder of its own.
import { spawn } from "node:child_process";
import { createHash, randomBytes } from "node:crypto";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createInterface } from "node:readline";

const binary = process.env.SWITCHBOARD;
export const BRANDS = ["autocalls", "famulor", "gloriagent", "intellixent", "sondos"];
const VENDORS = [...BRANDS, "retell"];
/** The vendor's id of the assistant that each simulator has. */
const ID = { retell: "agent_8c5b1f7ed3a94f60a1b2c3d4e5" };
/** Markup that would say so if it were executed. */
export const HOSTILE = `<img src=x onerror="console.error('executed')"><script>console.error('executed')</script>`;

/** Starts a program and waits for a line that matches; `lines` has all that it said. */
async function start(args, pattern, environment = {}, stream = "stderr") {
  const child = spawn(binary, args, { env: { ...process.env, ...environment }, stdio: ["ignore", "pipe", "pipe"] });
  const lines = [];
  const ended = new Promise((done) => child.once("exit", done));
  const found = new Promise((done, failed) => {
    for (const from of ["stdout", "stderr"]) {
      createInterface({ input: child[from] }).on("line", (line) => {
        lines.push(line);
        const match = from === stream && pattern.exec(line);
        if (match) done(match);
      });
    }
    ended.then((code) => failed(new Error(`${args.join(" ")} ended with ${code}:\n${lines.join("\n")}`)));
  });
  return { child, ended, lines, found: await found };
}

class Simulator {
  constructor(vendor) {
    this.vendor = vendor;
    this.token = `canary-vendor-${vendor}-${randomBytes(8).toString("hex")}`;
  }

  /** Listens, at the address where it has listened before. */
  async listen(...options) {
    const at = this.address ?? "127.0.0.1:0";
    const args = ["simulate", this.vendor, "--listen", at, "--token", this.token, ...options];
    this.process = await start(args, /listens at http:\/\/([0-9.:]+)(\/\S*)?,/, {}, "stdout");
    [, this.address, this.path = ""] = this.process.found;
  }

  async stop() {
    this.process.child.kill("SIGKILL");
    await this.process.ended;
  }
}

export class Gateway {
  /** Starts everything. `open` is without tokens; `extra` is added to the configuration. */
  static async start({ open = false, extra = "" } = {}) {
    const gateway = new Gateway();
    const secret = (name) => `canary-${name}-${randomBytes(12).toString("hex")}`;
    gateway.open = open;
    gateway.extra = extra;
    gateway.folder = mkdtempSync(join(tmpdir(), "switchboard-browser-"));
    gateway.simulators = Object.fromEntries(VENDORS.map((vendor) => [vendor, new Simulator(vendor)]));
    gateway.tokens = { admin: secret("admin"), viewer: secret("viewer"), metrics: secret("metrics") };
    gateway.key = secret("client");
    gateway.callback = secret("callback-secret");
    gateway.store = randomBytes(32).toString("base64");
    await Promise.all(Object.values(gateway.simulators).map((simulator) => simulator.listen()));
    gateway.write();
    await gateway.serve();
    return gateway;
  }

  /** All secrets that the gateway knows, and digests of them. */
  get secrets() {
    const tokens = Object.values(this.simulators).map((simulator) => simulator.token);
    return [...tokens, ...Object.values(this.tokens), this.key, this.callback, this.store, sha256(this.key)];
  }

  /** Writes the configuration, with `more` at its end. */
  write(more = "") {
    const vendors = Object.values(this.simulators).map(({ vendor, address, path }) => `
[vendors.${vendor}]
base_url = "http://${address}${path}"
token = { env = "VENDOR_${vendor.toUpperCase()}" }
settle_after_unknown = "0s"
list_ttl = "1s"
[vendors.${vendor}.retry]
max_attempts = 2
backoff = "10ms"
max_backoff = "20ms"
[vendors.${vendor}.breaker]
min_requests = 4
open_for = "2s"
[assistants.desk-${vendor}]
vendor = "${vendor}"
id = "${ID[vendor] ?? "789"}"
`);
    this.file = join(this.folder, "switchboard.toml");
    writeFileSync(this.file, `
[server]
listen = "127.0.0.1:0"
admin_listen = "127.0.0.1:0"
[log]
format = "json"
[auth]
mode = "keys"
failed_attempts = { per_second = 100, burst = 1000 }
[audit]
file = "audit.jsonl"
[store]
kind = "sqlite"
path = "store/switchboard.db"
encryption_key = { env = "STORE_KEY" }
[queue]
backoff = "50ms"
max_backoff = "200ms"
${this.open ? "" : `[admin]
token = { env = "ADMIN_TOKEN" }
viewer_token = { env = "VIEWER_TOKEN" }
metrics_token = { env = "METRICS_TOKEN" }
hosts = ["gateway.test"]
`}
[clients.desk]
key_sha256 = "${sha256(this.key)}"
operations = ["read", "update", "create", "delete"]
handling = "lenient"
[clients.desk.callback]
url = "http://127.0.0.1:9/hooks"
secret = { env = "CALLBACK_SECRET" }
[clients.night]
key_sha256 = "${sha256("another")}"
vendors = ["sondos"]
rate_limit = { per_second = 5, burst = 5 }
${vendors.join("")}
[routing]
default_vendor = "sondos"
[[routing.rules]]
assistant = "7*"
vendor = "autocalls"
${this.extra}
${more}`);
  }

  async serve() {
    const vendors = Object.values(this.simulators);
    const environment = {
      ADMIN_TOKEN: this.tokens.admin,
      VIEWER_TOKEN: this.tokens.viewer,
      METRICS_TOKEN: this.tokens.metrics,
      CALLBACK_SECRET: this.callback,
      STORE_KEY: this.store,
      ...Object.fromEntries(vendors.map(({ vendor, token }) => [`VENDOR_${vendor.toUpperCase()}`, token])),
    };
    if (this.admin) {
      // A second start listens where the first one did.
      environment.SWITCHBOARD_SERVER__LISTEN = new URL(this.api).host;
      environment.SWITCHBOARD_SERVER__ADMIN_LISTEN = new URL(this.admin).host;
    }
    this.process = await start(["serve", "--config", this.file], /"message":"listening"/, environment);
    const said = JSON.parse(this.process.found.input);
    this.api = `http://${said.api}`;
    this.admin = `http://${said.admin}`;
    this.console = said.console;
  }

  async stop(signal = "SIGTERM") {
    this.process.child.kill(signal);
    await this.process.ended;
  }

  async end() {
    await this.stop();
    await Promise.all(Object.values(this.simulators).map((simulator) => simulator.stop()));
    const panics = this.process.lines.filter((line) => line.includes("panicked"));
    rmSync(this.folder, { recursive: true, force: true });
    if (panics.length) throw new Error(panics.join("\n"));
  }

  get audit() {
    return readFileSync(join(this.folder, "audit.jsonl"), "utf8");
  }

  /** A request of the client `desk`; gives its answer as JSON with `status` and `request_id`. */
  async call(method, path, body, headers = {}) {
    const answer = await fetch(`${this.api}/v1/${path}`, {
      method,
      headers: { authorization: `Bearer ${this.key}`, "content-type": "application/json", ...headers },
      body: typeof body === "object" ? JSON.stringify(body) : body,
    });
    const text = await answer.text();
    const json = text ? JSON.parse(text) : {};
    return { status: answer.status, id: answer.headers.get("x-request-id"), json, text };
  }

  update(assistant, body, headers) {
    return this.call("PUT", `assistants/${assistant}`, body, headers);
  }

  /** What administration has at a path, by its token. */
  async twin(path, token = this.tokens.admin) {
    const headers = this.open ? {} : { authorization: `Bearer ${token}` };
    const answer = await fetch(`${this.admin}/admin/${path}`, { headers });
    return answer.json();
  }

  /** Traffic of every kind: applied, dropped, refused here and by the vendor, waiting, dead, hostile. */
  async traffic() {
    const update = { name: "Night desk", speech_speed: 1.1, max_duration: 900, ambient_sound: "office" };
    for (const vendor of BRANDS) await this.update(`desk-${vendor}`, update);
    await this.update("desk-retell", { name: "Night desk", language: "en-US" });
    const applied = await this.update("desk-sondos", { name: HOSTILE }, { "x-request-id": "night-1", "user-agent": HOSTILE });
    await this.update("desk-sondos", { mode: "dualplex", speech_speed: 9, nmae: HOSTILE });
    await this.update(encodeURIComponent(HOSTILE), { name: "x" });
    await this.update("sondos:123456", { name: "x" });
    await this.update("desk-autocalls", { calcom_api_key: "canary-calcom-key" });
    await this.call("GET", "assistants/desk-famulor");
    await this.call("GET", "vendors");
    // One vendor is away: what it should get waits.
    await this.simulators.gloriagent.stop();
    await this.update("desk-gloriagent", { name: HOSTILE }, { prefer: "respond-async", "x-request-id": "waits-1" });
    return applied;
  }
}

function sha256(text) {
  return createHash("sha256").update(text).digest("hex");
}
