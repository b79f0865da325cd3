/** What `export.benches.painting` has the browser do: strokes on a photograph, whose times go to `strokes.json`. */

import { readFileSync, writeFileSync } from "node:fs";
import { createRequire } from "node:module";

const { SITE, BROWSER, MODULES, GIVEN, MADE } = process.env;
const { chromium } = createRequire(`${MODULES}/`)("playwright-core");
const { strokes } = JSON.parse(readFileSync(`${GIVEN}/jobs.json`, "utf8"));
const browser = await chromium.launch({ executablePath: BROWSER, args: ["--no-sandbox"] });
const page = await browser.newPage({ viewport: { width: 1280, height: 900 } });
await page.goto(SITE);
await page.waitForFunction(() => document.getElementById("status").textContent === "");
await page.setInputFiles("#file", `${GIVEN}/photo.png`);
await page.waitForFunction(() => document.getElementById("after-name").textContent === "Original");
await page.click("#tab-paint");
await page.waitForSelector("#viewer.painting");
await page.click("#bleach"); // from where colours spread to all cells
await page.waitForTimeout(2000);
const { x, y, width, height } = await page.locator("#viewer").boundingBox();
for (let stroke = 0; stroke < strokes; stroke++) {
  await page.fill("#color", stroke % 2 ? "#20a040" : "#c03020");
  await page.mouse.click(x + width * (0.2 + (0.6 * stroke) / strokes), y + height * (0.35 + 0.02 * (stroke % 9)));
  await page.waitForFunction((count) => performance.getEntriesByName("stroke").length > count, stroke);
}
const found = await page.evaluate(() => performance.getEntriesByName("stroke").map(({ duration }) => duration));
writeFileSync(`${MADE}/strokes.json`, JSON.stringify(found));
await browser.close();
