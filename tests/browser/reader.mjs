// A browser, and a reader in it for whom nothing may go wrong: no message of the browser, no violation of the policy, no
// failed or foreign request, nothing that axe finds.
import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { createRequire } from "node:module";
import { chromium } from "playwright-core";

const axe = readFileSync(createRequire(import.meta.url).resolve("axe-core/axe.min.js"), "utf8");
// Chromium needs these in containers, and asks nothing of the network by itself with them.
const FLAGS = ["--headless", "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking",
  "--disable-component-update", "--disable-sync", "--host-resolver-rules=MAP *.test 127.0.0.1"];
/** Long, as the machine may be slow; nothing waits for its end. */
export const PATIENCE = 30_000;

export function launch() {
  return chromium.launch({ executablePath: process.env.CHROMIUM || "/usr/bin/chromium", args: FLAGS });
}

export class Reader {
  /** Opens a context of the browser; `allowed` are patterns of messages that a story means to bring about. */
  static async open(browser, gateway, { token, width = 1280, theme = "light", allowed = [], base, ...options } = {}) {
    const reader = new Reader();
    reader.base = base ?? gateway.console;
    reader.allowed = allowed;
    reader.problems = [];
    reader.context = await browser.newContext({ viewport: { width, height: 900 }, colorScheme: theme, ...options });
    reader.context.setDefaultTimeout(PATIENCE);
    await reader.context.exposeBinding("reportViolation", (_, what) => reader.note(`policy: ${what}`));
    await reader.context.addInitScript(() => {
      document.addEventListener("securitypolicyviolation", (event) => {
        window.reportViolation(`${event.violatedDirective} ${event.blockedURI} ${event.sourceFile}:${event.lineNumber}`);
      });
    });
    reader.page = await reader.context.newPage();
    reader.watch(reader.page);
    if (token) await reader.signIn(token);
    return reader;
  }

  watch(page) {
    page.on("console", (message) => {
      if (["error", "warning", "assert"].includes(message.type())) this.note(`console: ${message.text()} (${message.location().url})`);
    });
    page.on("pageerror", (error) => this.note(`script: ${error.message}`));
    page.on("request", (request) => {
      const url = new URL(request.url());
      if (url.origin !== new URL(this.base).origin && url.protocol !== "data:") this.note(`foreign: ${url}`);
    });
    // A page that is left drops what it waits for.
    page.on("requestfailed", (request) => {
      const why = request.failure()?.errorText;
      if (why !== "net::ERR_ABORTED") this.note(`failed: ${request.url()} ${why}`);
    });
    page.on("response", (response) => {
      if (response.status() >= 400) this.note(`status: ${response.status()} ${response.url()}`);
    });
    page.on("dialog", (dialog) => {
      this.note(`dialog: ${dialog.message()}`);
      dialog.dismiss();
    });
  }

  note(problem) {
    // What htmx says of a request that a later one has replaced.
    if (/^console: htmx:(afterRequest|sendAbort),/.test(problem)) return;
    if (!this.allowed.some((pattern) => pattern.test(problem))) this.problems.push(`${problem} at ${this.page?.url()}`);
  }

  async go(address = "") {
    return this.page.goto(new URL(address, this.base).href);
  }

  async signIn(token) {
    await this.go("session");
    await this.page.fill("#token", token);
    await this.page.click("main button[type=submit]");
    await this.page.waitForSelector("nav.pages");
  }

  /** Has the live part, if there is one, put in its place again now. */
  async tick() {
    await this.page.evaluate(() => new Promise((done) => {
      if (!document.querySelector("#live")) return done();
      document.body.addEventListener("htmx:afterSettle", done, { once: true });
      document.body.dispatchEvent(new CustomEvent("tick"));
    }));
  }

  /** The addresses of all pages: those of the navigation, and of `others`. */
  async pages(others = []) {
    await this.go();
    const named = await this.page.locator("nav.pages a").evaluateAll((links) => links.map((link) => link.getAttribute("href")));
    assert.ok(named.length > 12, named.join());
    return [...named, ...others];
  }

  /** Asserts that axe finds nothing on the page, and that nothing stands beyond its right edge. */
  async assertAccessible(what) {
    await this.page.evaluate(axe);
    const found = await this.page.evaluate(async () => {
      const tags = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"];
      const { violations } = await window.axe.run(document, { runOnly: { type: "tag", values: tags } });
      return violations.map(({ id, help, nodes }) => `${id}: ${help}\n    ${nodes.map((node) => `${node.html.slice(0, 200)} ${node.any[0]?.message ?? ""}`).join("\n    ")}`);
    });
    assert.deepEqual(found, [], `axe on ${what}`);
    const [wide, seen] = await this.page.evaluate(() => [document.documentElement.scrollWidth, document.documentElement.clientWidth]);
    assert.ok(wide <= seen, `${what} is ${wide} wide where ${seen} are seen`);
  }

  assertNothingWentWrong(what = "") {
    assert.deepEqual(this.problems, [], what);
  }

  /** Closes, and asserts that nothing went wrong. */
  async close() {
    await this.context.close();
    this.assertNothingWentWrong();
  }
}

/** Looks again until `look` gives a value that holds. */
export async function eventually(look, what) {
  const until = Date.now() + PATIENCE;
  for (;;) {
    const value = await look();
    if (value) return value;
    assert.ok(Date.now() < until, `never: ${what}`);
    await new Promise((done) => setTimeout(done, 20));
  }
}
