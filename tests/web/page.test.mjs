/** The page in a real browser, from end to end. */

import assert from "node:assert/strict";
import { readFileSync, writeFileSync } from "node:fs";
import { createRequire } from "node:module";
import { after, before, test } from "node:test";

const { SITE, BROWSER, MODULES, PHOTOS, OUT } = process.env;
const require = createRequire(`${MODULES}/`);
const { chromium } = require("playwright-core");
const axe = readFileSync(require.resolve("axe-core/axe.min.js"), "utf8");
const MOST_MS = 60_000;
const troubles = [];
let browser;
let page;

before(async () => {
  browser = await chromium.launch({ executablePath: BROWSER, args: ["--no-sandbox"] });
  page = await newPage();
});
after(() => browser.close());

async function newPage(options = {}) {
  const context = await browser.newContext({ viewport: { width: 1280, height: 900 }, ...options });
  const found = await context.newPage();
  found.setDefaultTimeout(MOST_MS);
  // LiteRT writes all that it says as errors, and that there is no GPU.
  found.on(
    "console",
    (line) => line.type() === "error" && !/^(INFO|WARNING): |WebGPU/.test(line.text()) && troubles.push(line.text()),
  );
  found.on("pageerror", (error) => troubles.push(error.message));
  found.on("request", (request) => {
    if (!request.url().startsWith(SITE) && !request.url().startsWith("blob:")) troubles.push(request.url());
  });
  await found.goto(SITE);
  await said(found, /^$/);
  return found;
}

/** Waits until the page says something. */
async function said(of, pattern) {
  await of.waitForFunction(
    ([source]) => new RegExp(source).test(document.getElementById("status").textContent),
    [pattern.source],
  );
}

async function opened(file, pattern) {
  await page.setInputFiles("#file", file);
  await said(page, pattern);
}

async function saved(button, before = "") {
  const [download] = await Promise.all([page.waitForEvent("download"), page.click(button)]);
  const path = `${OUT}/${before}${download.suggestedFilename()}`;
  await download.saveAs(path);
  return path;
}

const fact = (name) => page.textContent(`dt:text-is("${name}") + dd`);
const shown = (id) =>
  page.evaluate((of) => {
    const canvas = document.querySelector(`#${of} canvas`);
    return [...canvas.getContext("2d").getImageData(0, 0, canvas.width, canvas.height).data];
  }, id);
const far = (one, other) => one.reduce((most, value, i) => Math.max(most, Math.abs(value - other[i])), 0);

test("a photograph is encoded, saved, and opened again as it was shown", async () => {
  for (const kind of ["webp", "avif", "jpeg"]) {
    await page.evaluate((of) => (document.getElementById("kind").value = of), kind);
    await opened(`${PHOTOS}/photo.png`, /of colour/);
    assert.match(await fact("File"), /^[\d,]+ bytes$/);
    assert.ok(parseFloat(await fact("PSNR")) > 27);
    const decoded = await shown("after");
    const file = await saved("#save-file");
    await saved("#save-grid");
    await opened(file, /in colour/);
    assert.ok(far(await shown("after"), decoded) <= 1);
    await saved("#save-png");
  }
});

test("files that Python wrote are opened as Python decodes them", async () => {
  for (const [kind, suffix] of Object.entries({ jpeg: "jpg", png: "png", webp: "webp", avif: "avif" })) {
    await opened(`${PHOTOS}/${kind}/photo.${suffix}`, /in colour/);
    assert.ok(far(await shown("after"), readFileSync(`${PHOTOS}/${kind}/photo.rgba`)) <= 1);
  }
});

test("quality is a slider that encodes anew", async () => {
  await opened(`${PHOTOS}/photo.png`, /of colour/);
  const before = await fact("File");
  await page.fill("#quality", "90");
  await page.waitForFunction((old) => !document.querySelector("#facts").textContent.includes(old), before);
  assert.ok(parseInt((await fact("File")).replace(",", "")) > parseInt(before.replace(",", "")));
  await page.fill("#quality", "50");
});

test("damaged colours show the grey picture and a line", async () => {
  await opened(`${PHOTOS}/damaged.jpg`, /^Shown without colours: its colours are damaged/);
  const pixels = await shown("before");
  assert.ok(pixels.every((value, i) => i % 4 === 3 || value === pixels[i - (i % 4)]));
  await opened(`${PHOTOS}/text.jpg`, /^it is no picture/);
});

test("cells are painted, undone and done again", async () => {
  await opened(`${PHOTOS}/photo.png`, /of colour/);
  await page.click("#tab-paint");
  await page.waitForSelector("#viewer.painting");
  await page.waitForFunction(() => document.querySelector("#after-name").textContent === "Painted");
  const original = await shown("after");
  await page.locator("#viewer").focus();
  await page.fill("#color", "#2020ff");
  for (const key of ["ArrowDown", "ArrowDown", "ArrowRight", "ArrowRight", " "]) await page.press("#viewer", key);
  await page.waitForFunction(() => performance.getEntriesByName("stroke").length > 0);
  await page.waitForTimeout(1500);
  const painted = await shown("after");
  const at = 4 * (24 * 120 + 40);
  assert.ok(painted[at + 2] > original[at + 2] + 10, "bluer where it was painted");
  await page.click("#undo");
  await page.waitForTimeout(1500);
  assert.ok(far(await shown("after"), original) <= 1);
  await page.click("#redo");
  await page.waitForTimeout(1500);
  assert.ok(far(await shown("after"), painted) <= 1);
  await page.click("#bleach");
  await page.waitForFunction(() => document.querySelector("#undo").disabled);
  const grey = await shown("after");
  assert.ok(grey.every((value, i) => i % 4 === 3 || value === grey[i - (i % 4)]));
  await page.click("#guess");
  await page.waitForFunction(() => {
    const { data } = document.querySelector("#after canvas").getContext("2d").getImageData(0, 0, 120, 100);
    return data.some((value, i) => i % 4 < 3 && Math.abs(value - data[i - (i % 4)]) > 8);
  });
  const guessed = await shown("after");
  const file = await saved("#save-painted", "painted-");
  await said(page, /of colour/);
  assert.deepEqual(await shown("after"), guessed, "painting goes on with what was painted");
  await page.click("#tab-compress");
  const decoded = await shown("after");
  assert.ok(
    decoded.some((value, i) => i % 4 < 3 && Math.abs(value - grey[i]) > 4),
    "what was painted is compressed",
  );
  await opened(file, /in colour/);
  assert.ok(far(await shown("after"), decoded) <= 1);
});

test("a file that cannot be read costs nothing of what was painted", async () => {
  await opened(`${PHOTOS}/photo.png`, /of colour/);
  await page.click("#tab-paint");
  await page.waitForSelector("#viewer.painting");
  await page.locator("#viewer").focus();
  for (const key of ["ArrowDown", "ArrowRight", " "]) await page.press("#viewer", key);
  await page.waitForTimeout(1500);
  const painted = await shown("after");
  await opened(`${PHOTOS}/text.jpg`, /^it is no picture/);
  assert.deepEqual(await shown("after"), painted);
  await page.click("#undo");
  await page.waitForTimeout(1500);
  assert.notDeepEqual(await shown("after"), painted);
});

test("of two files the one that was opened last is shown", async () => {
  const both = [`${PHOTOS}/photo.png`, `${PHOTOS}/jpeg/photo.jpg`];
  await page.setInputFiles("#file", both[0]);
  await page.setInputFiles("#file", both[1]);
  await said(page, /in colour/);
  await page.waitForTimeout(1500);
  assert.equal(await page.textContent("#after-name"), "Decoded");
  assert.equal(await page.textContent("#status"), "A colour-grid file, in colour.");
  assert.ok(await page.isHidden("#progress"));
  await opened(`${PHOTOS}/tiny.png`, /at least 16 × 16/);
  assert.ok(await page.isHidden("#tools"));
});

test("axe finds no violation, at either width and in either scheme", async () => {
  const violations = {};
  const look = async (of, name) => {
    await of.evaluate(axe);
    const { violations: found } = await of.evaluate(() => globalThis.axe.run());
    if (found.length) violations[name] = found.map(({ id, nodes }) => `${id}: ${nodes.map(({ html }) => html)}`);
  };
  for (const colorScheme of ["light", "dark"]) {
    const small = await newPage({ viewport: { width: 360, height: 740 }, colorScheme, bypassCSP: true });
    await look(small, `${colorScheme}, start`);
    await small.click("#example");
    await said(small, /of colour/);
    await look(small, `${colorScheme}, compress`);
    await small.click("#tab-paint");
    await small.waitForSelector("#viewer.painting");
    await look(small, `${colorScheme}, paint`);
    const wide = await small.evaluate(() => document.documentElement.scrollWidth);
    assert.ok(wide <= 360, `${wide} pixels wide`);
    await small.context().close();
  }
  assert.deepEqual(violations, {});
});

test("it works with the network cut after the first visit", async () => {
  const visitor = await newPage();
  await visitor.evaluate(() => navigator.serviceWorker.ready);
  await visitor.context().setOffline(true);
  await visitor.reload();
  await said(visitor, /^$/);
  await visitor.click("#example");
  await said(visitor, /of colour/);
  await visitor.context().close();
});

test("nothing was asked of another server, and nothing went wrong unnoticed", () => {
  assert.deepEqual(troubles, []);
  writeFileSync(`${OUT}/done`, "");
});
