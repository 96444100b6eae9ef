// Runs the tests of the console in a real browser: `node run.mjs [--binary PATH] [--pictures [FOLDER]] [--only PATTERN] [NAME…]`.
//
// `--binary` is the gateway (target/debug/switchboard). `--pictures` also writes the pictures of docs/console.md to FOLDER
// (docs/console). `--only` chooses tests whose name matches. Names choose test files, as in `keyboard`. The browser is $CHROMIUM, or /usr/bin/chromium.
import { spawnSync } from "node:child_process";
import { existsSync, readdirSync } from "node:fs";
import { dirname, join, resolve } from "node:path";
import { fileURLToPath } from "node:url";

const here = dirname(fileURLToPath(import.meta.url));
const root = resolve(here, "../..");
const names = [];
let binary = join(process.env.CARGO_TARGET_DIR ?? join(root, "target"), "debug/switchboard");
let pictures = "";
const only = [];
const left = process.argv.slice(2);
while (left.length) {
  const word = left.shift();
  if (word === "--binary") binary = resolve(left.shift() ?? "");
  else if (word === "--pictures") pictures = left[0] && !left[0].startsWith("-") && left[0].includes("/") ? resolve(left.shift()) : join(root, "docs/console");
  else if (word === "--only") only.push(`--test-name-pattern=${left.shift()}`);
  else if (word.startsWith("-")) stop(`unknown option ${word}; the options are --binary PATH, --pictures [FOLDER] and --only PATTERN`);
  else names.push(word);
}
const all = readdirSync(here).filter((file) => file.endsWith(".test.mjs")).sort();
const chosen = all.filter((file) => !names.length || names.some((name) => file.startsWith(`${name}.`)));
if (!chosen.length) stop(`there is no test file ${names.join(" or ")}; the files are ${all.join(", ")}`);
if (!existsSync(binary)) stop(`${binary} is missing; run \`cargo build\` first`);
const tests = chosen.map((file) => join(here, file));
const run = spawnSync(process.execPath, ["--test", "--test-concurrency=2", "--test-reporter=spec", ...only, ...tests], {
  stdio: "inherit",
  env: { ...process.env, SWITCHBOARD: binary, PICTURES: pictures },
});
process.exit(run.status ?? 1);

function stop(why) {
  console.error(why);
  process.exit(2);
}
