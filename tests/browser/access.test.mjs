// Who sees and does what, in a browser: wrong tokens, viewers, gateways without tokens, plain HTTP from another machine.
import assert from "node:assert/strict";
import { createServer } from "node:http";
import { after, before, test } from "node:test";
import { Gateway } from "./gateway.mjs";
import { Reader, launch } from "./reader.mjs";

let browser;
let gateway;
let others;
before(async () => {
  [browser, gateway] = await Promise.all([launch(), Gateway.start()]);
  await gateway.traffic();
  others = ["vendor?name=sondos", "update?id=waits-1"];
});
after(async () => {
  await browser?.close();
  await gateway?.end();
});

test("a wrong token gets a reason and no session, and is in the audit log without the token", async () => {
  const reader = await Reader.open(browser, gateway, { allowed: [/401/] });
  const { page } = reader;
  await reader.go("requests?since=1h");
  await page.fill("#token", "canary-wrong-token");
  await page.click("main button[type=submit]");
  await page.waitForSelector(".problem");
  assert.match(await page.textContent(".problem"), /no token of this gateway/);
  assert.deepEqual(await reader.context.cookies(), []);
  await page.fill("#token", gateway.tokens.viewer);
  await page.click("main button[type=submit]");
  await page.waitForURL("**/requests?since=1h");
  const cookies = await reader.context.cookies();
  assert.deepEqual(cookies.map(({ name, httpOnly, sameSite }) => [name, httpOnly, sameSite]), [["switchboard_session", true, "Strict"]]);
  assert.equal(await page.evaluate(() => document.cookie), "");
  assert.match(gateway.audit, /"event":"admin_refused".*"path":"\/console\/session"/);
  assert.ok(!gateway.audit.includes("canary-wrong-token"));
  await reader.close();
});

test("a viewer sees every page and no button that writes, and is refused what it sends all the same", async () => {
  const admin = await Reader.open(browser, gateway, { token: gateway.tokens.admin });
  const viewer = await Reader.open(browser, gateway, { token: gateway.tokens.viewer, allowed: [/403/] });
  const actions = new Set();
  for (const address of await admin.pages(others)) {
    await admin.go(address);
    // Forms that write bring the session's token; only those of an administrator have it.
    const writes = await admin.page.locator("form:has(input[name=form_token])").evaluateAll((forms) => forms.map((form) => form.getAttribute("action")));
    await viewer.go(address);
    assert.equal(await viewer.page.locator("input[name=form_token]").count(), 0, address);
    for (const action of writes) {
      actions.add(action);
      const forms = viewer.page.locator(`form[action="${action}"]`);
      assert.equal(await forms.locator("button:not([disabled])").count(), 0, `${address}: ${action}`);
    }
  }
  assert.ok(actions.has("reload"), [...actions].join());
  for (const action of actions) {
    const status = await viewer.page.evaluate(async (address) => {
      const answer = await fetch(address, { method: "POST", body: new URLSearchParams({ form_token: "x", id: "waits-1", reason: "x" }) });
      return answer.status;
    }, action);
    assert.equal(status, 403, action);
  }
  assert.match(await viewer.page.textContent(".who"), /looking only/);
  await admin.close();
  await viewer.close();
});

test("a page of another site can neither frame the console nor write in a reader's name", async () => {
  const allowed = [/foreign/, /frame-ancestors/, /ERR_BLOCKED_BY_RESPONSE/, /40[13]/, /Cross-Origin-Opener-Policy header has been ignored/];
  const reader = await Reader.open(browser, gateway, { token: gateway.tokens.admin, allowed });
  const { page } = reader;
  const before = (await gateway.twin("status")).reloads;
  const site = createServer((_, answer) => {
    answer.setHeader("content-type", "text/html");
    answer.end(`<!doctype html><title>x</title><iframe src="${gateway.console}"></iframe>
      <form method="post" action="${gateway.console}reload"><button>x</button></form>`);
  });
  await new Promise((done) => site.listen(0, "127.0.0.1", done));
  try {
    await page.goto(`http://evil.test:${site.address().port}/`, { waitUntil: "load" });
    assert.ok(!(await page.frames()[1].content()).includes("Switchboard"), "the console is framed");
    const [answer] = await Promise.all([page.waitForResponse("**/reload"), page.click("button")]);
    assert.equal(answer.status(), 403);
    await page.waitForSelector(".problem");
  } finally {
    site.close();
  }
  assert.deepEqual((await gateway.twin("status")).reloads, before);
  await reader.go();
  assert.equal(await page.locator("nav.pages").count(), 1, "the session goes on");
  await reader.close();
});

test("over plain HTTP under a name of its own a reader signs in, reloads and signs out", async () => {
  // Browsers say nothing of the site there but `Origin`, and leave out what needs TLS with a message.
  const allowed = [/Cross-Origin-Opener-Policy header has been ignored/];
  const base = gateway.console.replace("127.0.0.1", "gateway.test");
  const reader = await Reader.open(browser, gateway, { base, allowed, token: gateway.tokens.admin });
  const { page } = reader;
  await reader.go("config");
  await page.click("main form[action=reload] button");
  await page.waitForURL("**/config*");
  assert.equal(await page.locator(".problem").count(), 0);
  await page.click("text=Sign out");
  await page.waitForURL("**/session");
  await reader.close();
});

test("a gateway without tokens shows everything and changes nothing", async () => {
  const open = await Gateway.start({ open: true });
  try {
    const reader = await Reader.open(browser, open);
    for (const address of await reader.pages(["vendor?name=sondos"])) {
      await reader.go(address);
      assert.equal(await reader.page.locator("input[name=form_token]").count(), 0, address);
      assert.equal(await reader.page.locator("text=Sign out").count(), 0, address);
    }
    await reader.go("config");
    assert.ok(await reader.page.locator("main form[action=reload] button").isDisabled());
    await reader.close();
  } finally {
    await open.end();
  }
});
