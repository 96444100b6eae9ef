// Without script: every page renders, filters are GET forms, actions are POST forms, live parts have a link.
import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { Gateway } from "./gateway.mjs";
import { Reader, launch } from "./reader.mjs";

let browser;
let gateway;
let others;
before(async () => {
  [browser, gateway] = await Promise.all([launch(), Gateway.start()]);
  const applied = await gateway.traffic();
  others = [`request?id=${applied.id}`, `update?id=${applied.id}`, "vendor?name=sondos", "assistant?name=desk-sondos", "find?q=desk"];
});
after(async () => {
  await browser?.close();
  await gateway?.end();
});

const plain = { javaScriptEnabled: false };

test("every page renders, with a link where others have a live part", async () => {
  const reader = await Reader.open(browser, gateway, { ...plain, token: gateway.tokens.admin });
  for (const address of await reader.pages(others)) {
    const answer = await reader.go(address);
    assert.equal(answer.status(), 200, address);
    assert.equal(await reader.page.locator("h1").count(), 1, address);
    // What is found has the page of its own.
    if (!address.startsWith("find") && (await reader.page.locator("#live").count())) {
      assert.ok(await reader.page.locator("p.noscript a").first().isVisible(), address);
      await reader.page.locator("p.noscript a").first().click();
      assert.equal(new URL(reader.page.url()).pathname.split("/").pop(), address.replace("./", "").replace(/\?.*/, ""));
    }
  }
  await reader.close();
});

test("every filter works as a form, keeps what was chosen, and is cleared", async () => {
  const reader = await Reader.open(browser, gateway, { ...plain, token: gateway.tokens.viewer });
  const { page } = reader;
  let filters = 0;
  for (const address of await reader.pages()) {
    await reader.go(address);
    const form = page.locator("form.filters");
    if (!(await form.count())) continue;
    filters += 1;
    const folded = page.locator("details:not([open]):has(form.filters) > summary");
    if (await folded.count()) await folded.click();
    const select = form.locator("select").first();
    let chosen;
    if (await select.count()) {
      const values = await select.locator("option").evaluateAll((all) => all.map((option) => option.value).filter(Boolean));
      [chosen] = values;
      if (chosen) await select.selectOption(chosen);
    }
    await form.locator("button[type=submit]").first().click();
    assert.match(page.url(), /\?/, address);
    assert.equal(await page.locator(".problem").count(), 0, `${address}: empty fields are no filter`);
    if (chosen) {
      assert.equal(await page.locator("form.filters select").first().inputValue(), chosen, address);
      const twin = await page.locator("footer a", { hasText: "JSON" }).getAttribute("href");
      assert.ok(new URL(twin, page.url()).search.includes(encodeURIComponent(chosen).replaceAll("%20", "+")), `${address}: ${twin}`);
    }
    const clear = page.locator("form.filters a", { hasText: "clear" });
    if (await clear.count()) {
      await clear.click();
      assert.equal(new URL(page.url()).search, "", address);
    }
  }
  assert.ok(filters >= 5, `${filters} pages have filters`);
  await reader.close();
});

test("the configuration is reloaded, a theme is chosen and the session ends", async () => {
  const reader = await Reader.open(browser, gateway, { ...plain, token: gateway.tokens.admin });
  const { page } = reader;
  const before = (await gateway.twin("status")).reloads.applied;
  await reader.go("config");
  await page.click("main form[action=reload] button");
  assert.equal(new URL(page.url()).pathname, "/console/config");
  assert.equal((await gateway.twin("status")).reloads.applied, before + 1);
  await page.click("footer >> text=dark");
  assert.equal(await page.getAttribute("html", "data-theme"), "dark");
  await page.click("text=Sign out");
  assert.equal(new URL(page.url()).pathname, "/console/session");
  await reader.go("requests");
  assert.match(page.url(), /session\?then=requests$/);
  await reader.close();
});

test("an update is translated in the playground", async () => {
  const reader = await Reader.open(browser, gateway, { ...plain, token: gateway.tokens.viewer });
  const { page } = reader;
  await reader.go("playground");
  await page.fill("#update", `{"name": "No script", "speech_speed": 1.10}`);
  await page.click("form.play button[type=submit]");
  const body = await page.locator("#column-sondos-body").textContent();
  assert.ok(body.includes("No script") && body.includes("1.10"), body);
  await reader.close();
});
