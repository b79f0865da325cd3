/** The page with a large picture, and after many runs. */

import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { createRequire } from "node:module";
import { after, before, test } from "node:test";

const { SITE, BROWSER, MODULES, LARGE, PHOTO } = process.env;
const { chromium } = createRequire(`${MODULES}/`)("playwright-core");
const RUNS = 60;
const MOST_MORE = 200; // megabytes after them
let browser;
let page;

before(async () => {
  browser = await chromium.launch({ executablePath: BROWSER, args: ["--no-sandbox"] });
  page = await browser.newPage();
  page.setDefaultTimeout(0);
  await page.goto(SITE);
});
after(() => browser.close());

const said = (pattern) =>
  page.waitForFunction((of) => new RegExp(of).test(document.getElementById("status").textContent), pattern);

/** Megabytes that all processes of the browser hold together. */
async function megabytes() {
  const { processInfo } = await (await browser.newBrowserCDPSession()).send("SystemInfo.getProcessInfo");
  const resident = ({ id }) => Number(/VmRSS:\s+(\d+)/.exec(readFileSync(`/proc/${id}/status`, "utf8"))?.[1] ?? 0);
  return processInfo.reduce((sum, each) => sum + resident(each), 0) / 1024;
}

test("memory stays as it is over many runs", async () => {
  await page.setInputFiles("#file", PHOTO);
  await said("of colour");
  const run = (quality) =>
    page.evaluate(async (of) => {
      const { ask } = await import("./client.js");
      await ask("encode", { kind: "webp", quality: of });
    }, quality);
  for (let i = 0; i < 10; i++) await run(40 + i);
  const before = await megabytes();
  for (let i = 0; i < RUNS; i++) await run(30 + (i % 40));
  const more = (await megabytes()) - before;
  console.log(`${Math.round(before)} megabytes, and ${Math.round(more)} more after ${RUNS} runs`);
  assert.ok(more < MOST_MORE, `${more} megabytes more`);
});

test("a file of 24 megapixels is opened", async () => {
  await page.setInputFiles("#file", LARGE);
  await said("in colour|without colours|cannot");
  assert.equal(await page.textContent("#status"), "A colour-grid file, in colour.");
  console.log(`${await page.textContent("#facts")}, ${Math.round(await megabytes())} megabytes`);
});
