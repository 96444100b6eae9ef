// Every page, in light and dark, on a wide and on a narrow screen: nothing that axe finds, no message of the browser, no
// violation of the policy, no failed or foreign request, no secret, no markup that came from outside.
import assert from "node:assert/strict";
import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { after, before, test } from "node:test";
import { Gateway, HOSTILE } from "./gateway.mjs";
import { small } from "./png.mjs";
import { Reader, launch } from "./reader.mjs";

let browser;
let gateway;
let others;
before(async () => {
  [browser, gateway] = await Promise.all([launch(), Gateway.start()]);
  const applied = await gateway.traffic();
  assert.equal(applied.status, 200, applied.text);
  others = [`request?id=${applied.id}`, `update?id=${applied.id}`, "update?id=waits-1", "vendor?name=sondos", "vendor?name=gloriagent",
    "assistant?name=desk-sondos", "find?q=desk", "compare?from=autocalls&to=sondos", "routing?assistant=desk-sondos&client=desk"];
});
after(async () => {
  await browser?.close();
  await gateway?.end();
});

/** What a page is called in pictures. */
const nameOf = (page) => page.replace("./", "overview").replace(/\?.*/, "");

/** Whether a page is the one of its name that is worth a picture: the first that shows something chosen. */
const isShown = (page) => page === (others.find((other) => nameOf(other) === nameOf(page)) ?? page);

for (const theme of ["light", "dark"]) {
  for (const width of [1280, 390]) {
    test(`every page is right at ${width} pixels, ${theme}`, async () => {
      const reader = await Reader.open(browser, gateway, { token: gateway.tokens.admin, theme, width });
      for (const page of await reader.pages(others)) {
        await reader.go(page);
        await reader.page.waitForFunction(() => document.documentElement.classList.contains("scripted"));
        await reader.tick();
        await reader.assertAccessible(`${page}, ${width}, ${theme}`);
        await assertNothingLeaks(reader.page, page);
        if (process.env.PICTURES && isPictured(page, width, theme) && isShown(page)) {
          await picture(reader.page, nameOf(page), width, theme);
        }
        reader.assertNothingWentWrong(page);
      }
      await reader.close();
    });
  }
}

test("signing in is right in both themes, too", async () => {
  for (const theme of ["light", "dark"]) {
    const reader = await Reader.open(browser, gateway, { theme, width: 390, allowed: [/401/] });
    await reader.go("session");
    await reader.assertAccessible("session");
    await reader.page.fill("#token", "wrong");
    await reader.page.click("main button[type=submit]");
    await reader.page.waitForSelector(".problem");
    await reader.assertAccessible("session with a problem");
    await reader.close();
  }
});

test("who prefers reduced motion gets none", async () => {
  const reader = await Reader.open(browser, gateway, { token: gateway.tokens.viewer, reducedMotion: "reduce" });
  for (const page of await reader.pages(others)) {
    await reader.go(page);
    const moving = await reader.page.evaluate(() => [...document.querySelectorAll("*")].filter((element) => {
      const { animationName, transitionDuration, transitionProperty } = getComputedStyle(element);
      return animationName !== "none" || (transitionProperty !== "none" && !/^0s(, 0s)*$/.test(transitionDuration));
    }).map((element) => element.outerHTML.slice(0, 100)));
    assert.deepEqual(moving, [], page);
  }
  await reader.close();
});

/** Asserts that no secret stands in a page, and that markup from outside is text. */
async function assertNothingLeaks(page, what) {
  const text = await page.content();
  for (const secret of [...gateway.secrets, "canary-calcom-key"]) assert.ok(!text.includes(secret), `${what} shows ${secret}`);
  assert.ok(!text.includes(HOSTILE), `${what} has markup from outside`);
  assert.equal(await page.locator("img[src=x]").count(), 0, what);
}

/** All pages in light on a wide screen, and some otherwise. */
function isPictured(page, width, theme) {
  const name = nameOf(page);
  if (theme === "light" && width === 1280) return true;
  if (theme === "dark" && width === 1280) return ["overview", "playground"].includes(name);
  return theme === "light" && ["overview", "requests"].includes(name);
}

async function picture(page, name, width, theme) {
  const suffix = width === 1280 ? (theme === "dark" ? "-dark" : "") : "-narrow";
  mkdirSync(process.env.PICTURES, { recursive: true });
  const taken = await page.screenshot({ type: "png", animations: "disabled", caret: "hide" });
  writeFileSync(join(process.env.PICTURES, `${name}${suffix}.png`), small(taken));
}
