// What operators open the console for.
import assert from "node:assert/strict";
import { readFileSync, writeFileSync } from "node:fs";
import { after, before, test } from "node:test";
import { BRANDS, Gateway } from "./gateway.mjs";
import { Reader, eventually, launch } from "./reader.mjs";

let browser;
let gateway;
before(async () => {
  [browser, gateway] = await Promise.all([launch(), Gateway.start()]);
});
after(async () => {
  await browser?.close();
  await gateway?.end();
});

/** Updates that fail until the breaker of the vendor is open. */
async function fail(vendor) {
  await eventually(async () => {
    await Promise.all(["789", "790"].map((id) => gateway.update(`${vendor}:${id}`, { name: "x" })));
    const { json } = await gateway.update(`${vendor}:791`, { name: "x" });
    return json.code === "vendor_circuit_open";
  }, `the breaker of ${vendor} opens`);
}

test("a vendor goes down: the overview says so without being loaded again, and is quiet once the vendor is back", async () => {
  const reader = await Reader.open(browser, gateway, { token: gateway.tokens.viewer });
  const { page } = reader;
  await reader.go();
  await page.waitForSelector(".attention li.good");
  const simulator = gateway.simulators.famulor;
  await simulator.stop();
  await fail("famulor");
  const item = page.locator(".attention li:not(.good)", { hasText: "famulor" }).first();
  await item.waitFor();
  assert.match(await page.locator(".attention").textContent(), /breaker|circuit|connect|reach/i);
  await reader.assertAccessible("the overview with something that needs attention");
  await page.locator(".attention a[href='vendor?name=famulor']").first().click();
  await page.waitForURL("**/vendor?name=famulor");
  assert.match(await page.textContent("main"), /open/);
  await reader.go();
  await simulator.listen();
  await eventually(async () => (await gateway.update("famulor:789", { name: "x" })).status === 200, "famulor is back");
  await page.waitForSelector(".attention li.good");
  await reader.close();
});

test("a vendor that refuses our token is named as such", async () => {
  const reader = await Reader.open(browser, gateway, { token: gateway.tokens.viewer });
  const { page } = reader;
  await reader.go();
  const simulator = gateway.simulators.intellixent;
  const { token } = simulator;
  await simulator.stop();
  simulator.token = "canary-vendor-another";
  await simulator.listen();
  const refused = await gateway.update("desk-intellixent", { name: "x" });
  assert.equal(refused.json.code, "vendor_credentials_rejected");
  await page.locator(".attention li", { hasText: "intellixent" }).first().waitFor();
  assert.match(await page.textContent(".attention"), /token/);
  await simulator.stop();
  simulator.token = token;
  await simulator.listen();
  await eventually(async () => (await gateway.update("desk-intellixent", { name: "x" })).status === 200, "intellixent is back");
  await reader.close();
});

test("a refused reload shows the line that is wrong, and the configuration in force stays", async () => {
  const reader = await Reader.open(browser, gateway, { token: gateway.tokens.admin });
  const { page } = reader;
  const { generation } = await gateway.twin("status");
  const good = readFileSync(gateway.file, "utf8");
  try {
    writeFileSync(gateway.file, `${good}\n[vendors.sondos.catalog]\nlanguagse = { "1" = "English" }\n`);
    const line = good.split("\n").length + 2;
    await reader.go("config");
    await page.click("main form[action=reload] button");
    await page.waitForURL("**/config*");
    const shown = await page.textContent("main");
    assert.ok(shown.includes(`switchboard.toml:${line}`), shown);
    assert.match(shown, /languagse/);
    assert.match(shown, /languages/, "the nearest key is named");
    assert.equal((await gateway.twin("status")).generation, generation);
    await reader.assertAccessible("a refused configuration");
    await reader.go();
    await page.locator(".attention li:not(.good)").first().waitFor();
  } finally {
    writeFileSync(gateway.file, good);
    await reader.go("config");
    await page.click("main form[action=reload] button");
    await page.waitForURL("**/config*");
  }
  await reader.close();
});

const UPDATE = `{
  "name": "Sales assistant", "type": "outbound", "mode": "pipeline", "language": "en", "wait_for_customer": true,
  "speech_speed": 1.10, "max_duration": 900, "min_interrupt_words": 2, "webhook_url": null, "ambient_sound": "office",
  "tools": [{ "type": "end_call", "description": "When the customer says goodbye." }]
}`;

test("what the playground shows is what dry runs send, byte for byte, and a shared link shows it again", async () => {
  const reader = await Reader.open(browser, gateway, { token: gateway.tokens.viewer });
  const { page } = reader;
  await reader.go("playground");
  await page.fill("#update", UPDATE);
  await page.selectOption("select[name=catalogs]", "live");
  await page.selectOption("select[name=handling]", "lenient");
  const bodies = {};
  for (const vendor of BRANDS) {
    const dry = await gateway.call("PUT", `assistants/desk-${vendor}?dry_run=true`, UPDATE, { prefer: "handling=lenient" });
    assert.equal(dry.status, 200, dry.text);
    const at = page.locator(`#column-${vendor}-body`);
    // Until the last edit and choice are answered, the column shows the example, or this update under another choice.
    let shown;
    const same = eventually(async () => {
      shown = (await at.count()) ? await at.textContent() : "no column";
      return dry.text.includes(`"body":${shown}`);
    }, `what ${vendor} would receive`);
    await same.catch((never) => assert.fail(`${never.message}; shown: ${shown}; sent: ${dry.text}`));
    assert.deepEqual(JSON.parse(shown), dry.json.request.body, vendor);
    bodies[vendor] = shown;
  }
  // A member that is pointed at is marked with the same field elsewhere, and a click selects it in the editor.
  const member = page.locator("#column-sondos pre.body [data-field=wait_for_customer]");
  await member.hover();
  assert.ok((await page.locator("[data-field=wait_for_customer].marked").count()) > BRANDS.length);
  assert.equal(await page.locator("[data-field=name].marked").count(), 0);
  const selected = () => page.evaluate(() => document.querySelector("#update").value.slice(...["selectionStart", "selectionEnd"].map((at) => document.querySelector("#update")[at])));
  await member.click();
  assert.equal(await selected(), `"wait_for_customer"`);
  await page.locator("#column-sondos li [data-field=tools]").first().press("Enter");
  assert.equal(await selected(), `"tools"`);
  const link = await eventually(async () => page.url().includes("handling=lenient") && page.url(), "the address holds the update");
  await reader.close();

  // Somebody else opens it, signs in, and sees the same.
  const other = await Reader.open(browser, gateway);
  await other.page.goto(link);
  await other.page.fill("#token", gateway.tokens.viewer);
  await other.page.click("main button[type=submit]");
  await other.page.waitForSelector("#update");
  await eventually(async () => (await other.page.inputValue("#update")) === UPDATE, "the update is there");
  for (const vendor of BRANDS) {
    const at = other.page.locator(`#column-${vendor}-body`);
    await eventually(async () => (await at.count()) && (await at.textContent()) === bodies[vendor], `the same for ${vendor}`);
  }
  await other.close();
});

test("while one types, the editor keeps its focus and its caret, and says where JSON is wrong", async () => {
  const reader = await Reader.open(browser, gateway, { token: gateway.tokens.viewer });
  const { page } = reader;
  await reader.go("playground");
  await page.fill("#update", `{\n  "name": "x"\n}`);
  await page.locator("#column-sondos-body", { hasText: `"x"` }).waitFor({ state: "attached" });
  await page.evaluate(() => document.querySelector("#update").setSelectionRange(13, 13));
  await page.keyboard.type(`Night`);
  await page.locator("#column-sondos-body", { hasText: `Nightx` }).waitFor({ state: "attached" });
  assert.deepEqual(await page.evaluate(() => [document.activeElement.id, document.activeElement.selectionStart]), ["update", 18]);
  await page.keyboard.type(`",`);
  await page.locator("#problems .problem").first().waitFor();
  assert.match(await page.textContent("#problems"), /2/);
  assert.equal(await page.locator("#column-sondos-body").count(), 1, "columns stay");
  await page.fill("#update", `{"mode": "dualplex", "speech_speed": 9, "nmae": "x"}`);
  await page.locator("#problems", { hasText: "speech_speed" }).waitFor();
  await reader.assertAccessible("the playground with problems");
  await reader.close();
});

test("a gateway that restarts: a banner says so, then the page asks to sign in and goes on where it was", async () => {
  const allowed = [/ERR_CONNECTION_REFUSED|ERR_CONNECTION_RESET|ERR_EMPTY_RESPONSE|ERR_SOCKET/, /htmx:sendError/, /401/];
  const reader = await Reader.open(browser, gateway, { token: gateway.tokens.viewer, allowed });
  const { page } = reader;
  await reader.go("vendors");
  await gateway.stop("SIGKILL");
  await page.waitForSelector("#banner:not([hidden])");
  assert.match(await page.textContent("#banner"), /does not answer/);
  assert.ok(await page.locator("main table").first().isVisible(), "what was last known stays");
  await gateway.serve();
  await page.waitForURL("**/session?then=vendors");
  await page.fill("#token", gateway.tokens.viewer);
  await page.click("main button[type=submit]");
  await page.waitForURL("**/vendors");
  assert.equal(await page.locator("#banner:not([hidden])").count(), 0);
  await reader.close();
});

test("a change that waits is withdrawn by a button", async () => {
  // It may just be sent when the button is pressed; then it is refused, and pressed again.
  const reader = await Reader.open(browser, gateway, { token: gateway.tokens.admin, allowed: [/409/] });
  const { page } = reader;
  await gateway.simulators.gloriagent.stop();
  const later = await gateway.update("desk-gloriagent", { name: "later" }, { prefer: "respond-async" });
  assert.equal(later.status, 202, later.text);
  const id = later.json.update;
  await reader.go("queue");
  await page.locator(`[data-id="${id}"]`).first().waitFor();
  await eventually(async () => {
    await reader.go(`update?id=${id}`);
    const form = page.locator("main form[action=cancel]");
    if (await form.count()) {
      await form.locator("input[name=sure]").check();
      await form.locator("button").click();
      await page.waitForLoadState();
    }
    return (await gateway.call("GET", `updates/${id}`)).json.state === "canceled";
  }, "it is withdrawn");
  await reader.go(`update?id=${id}`);
  await page.locator("main", { hasText: "canceled" }).waitFor();
  await reader.close();
});
