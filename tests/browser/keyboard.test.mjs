// The console by keyboard alone, and what it keeps in the browser.
import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { Gateway } from "./gateway.mjs";
import { Reader, launch } from "./reader.mjs";

let browser;
let gateway;
let applied;
before(async () => {
  [browser, gateway] = await Promise.all([launch(), Gateway.start()]);
  applied = await gateway.traffic();
});
after(async () => {
  await browser?.close();
  await gateway?.end();
});

/** What has the focus: its id, or where it leads. */
const focus = (page) => page.evaluate(() => document.activeElement.id || document.activeElement.getAttribute("href") || document.activeElement.tagName);
const path = (page) => new URL(page.url()).pathname.replace(/.*\//, "");

test("what became of a request is found by its id in a few keys, and back again the focus is where it was", async () => {
  const reader = await Reader.open(browser, gateway);
  const { page } = reader;
  const { keyboard } = page;
  await reader.go();
  assert.equal(await focus(page), "token");
  await keyboard.type(gateway.tokens.admin);
  await keyboard.press("Enter");
  await page.waitForSelector("nav.pages");
  await keyboard.press("/");
  assert.equal(await focus(page), "find");
  await keyboard.insertText(applied.id);
  const isRequest = (url) => url.pathname.endsWith("/request") && url.searchParams.get("id") === applied.id;
  await Promise.all([page.waitForURL(isRequest), keyboard.press("Enter")]);
  assert.ok((await page.textContent("main")).includes(applied.id));
  await Promise.all([page.waitForURL("**/console/"), keyboard.press("Escape")]);
  await page.waitForFunction(() => document.activeElement !== document.body);
  assert.equal(await focus(page), "find");
  await reader.close();
});

test("rows are chosen, opened and left by keys, and a live page keeps the choice", async () => {
  const reader = await Reader.open(browser, gateway, { token: gateway.tokens.viewer });
  const { page } = reader;
  await reader.go("requests");
  for (const key of ["j", "j", "k", "j"]) await page.keyboard.press(key);
  const chosen = await focus(page);
  assert.equal(chosen, await page.locator("main tbody tr a[href]").nth(0).evaluate((_, at) => {
    const rows = [...document.querySelectorAll("main tbody tr")].filter((row) => row.querySelector("a[href]"));
    return rows[at].querySelector("a[href]").getAttribute("href");
  }, 1));
  await reader.tick();
  assert.equal(await focus(page), chosen);
  assert.equal(await page.locator("tr.chosen").count(), 1);
  await Promise.all([page.waitForURL("**/request?id=*"), page.keyboard.press("Enter")]);
  await Promise.all([page.waitForURL("**/requests"), page.keyboard.press("Escape")]);
  await page.waitForFunction(() => document.activeElement !== document.body);
  assert.equal(await focus(page), chosen);
  await reader.close();
});

test("each page has its key after g, and keys are listed, switched off, and silent in fields", async () => {
  const reader = await Reader.open(browser, gateway, { token: gateway.tokens.viewer });
  const { page } = reader;
  const links = await page.locator("nav.pages a[data-go]").evaluateAll((all) => all.map((link) => [link.dataset.go, link.getAttribute("href").replace("./", "")]));
  assert.equal(new Set(links.map(([key]) => key)).size, links.length, "no key twice");
  for (const [key, address] of links) {
    await page.keyboard.press("g");
    await Promise.all([page.waitForNavigation(), page.keyboard.press(key)]);
    assert.equal(path(page), address, key);
  }
  await page.keyboard.press("?");
  await page.waitForSelector("dialog#keys[open]");
  await reader.assertAccessible("the list of keys");
  await page.keyboard.press("Escape");
  await page.waitForSelector("dialog#keys:not([open])", { state: "attached" });
  await page.keyboard.press("/");
  await page.keyboard.type("gr?jp");
  assert.equal(await page.inputValue("#find"), "gr?jp");
  await page.keyboard.press("Escape");
  await page.keyboard.press("?");
  await page.check("#keys-off");
  await page.keyboard.press("Escape");
  const before = page.url();
  await page.keyboard.press("/");
  await page.keyboard.press("g");
  await page.keyboard.press("r");
  await page.waitForTimeout(50);
  assert.deepEqual([page.url(), await focus(page)].slice(0, 1), [before]);
  assert.notEqual(await focus(page), "find");
  await reader.go("requests");
  await page.keyboard.press("/");
  assert.notEqual(await focus(page), "find", "the choice is kept");
  await reader.close();
});

test("everything is reached by the tab key, the content first by the skip link", async () => {
  const reader = await Reader.open(browser, gateway, { token: gateway.tokens.admin });
  const { page } = reader;
  await reader.go("config");
  await page.keyboard.press("Tab");
  assert.equal(await focus(page), "#main");
  await page.keyboard.press("Enter");
  assert.equal(await focus(page), "main");
  const seen = new Set();
  for (;;) {
    await page.keyboard.press("Tab");
    const at = await page.evaluate(() => {
      const element = document.activeElement;
      const { outlineStyle } = getComputedStyle(element);
      return element === document.body ? null : { text: element.outerHTML.slice(0, 80), outline: outlineStyle };
    });
    if (!at || seen.size > 400) break;
    assert.notEqual(at.outline, "none", `the focus is not seen: ${at.text}`);
    seen.add(at.text);
  }
  assert.ok(seen.size > 5 && seen.size < 400, [...seen].join("\n"));
  await reader.close();
});

test("the theme, the zone of times and a pause are kept or shown", async () => {
  const reader = await Reader.open(browser, gateway, { token: gateway.tokens.viewer, timezoneId: "Asia/Tokyo" });
  const { page } = reader;
  await reader.go("requests?since=1h");
  await Promise.all([page.waitForNavigation(), page.click("footer >> text=dark")]);
  assert.equal(new URL(page.url()).search, "?since=1h", "the page is the same");
  for (const address of ["", "requests"]) {
    await reader.go(address);
    assert.equal(await page.getAttribute("html", "data-theme"), "dark");
    assert.equal(await page.evaluate(() => getComputedStyle(document.documentElement).colorScheme), "dark");
  }
  const time = page.locator("time[datetime]").first();
  const stamp = await time.getAttribute("datetime");
  const tokyo = new Date(new Date(stamp).getTime() + 9 * 3600_000).toISOString().slice(0, 19).replace("T", " ");
  assert.equal(await time.textContent(), tokyo);
  await page.click("#zone button");
  assert.equal(await time.textContent(), stamp.slice(0, 19).replace("T", " "));
  await page.keyboard.press("p");
  await page.waitForSelector("#banner:not([hidden])");
  assert.match(await page.textContent("#banner"), /Paused/);
  await page.keyboard.press("p");
  await page.waitForSelector("#banner", { state: "hidden" });
  await Promise.all([page.waitForNavigation(), page.click("footer >> text=system")]);
  assert.equal(await page.getAttribute("html", "data-theme"), null);
  await reader.close();
});
