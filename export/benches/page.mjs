/** What `export.benches.page` has the browser do: it reads JOBS, and writes files and `times.json` to MADE. */

import { readFileSync, writeFileSync } from "node:fs";
import { createRequire } from "node:module";

const { SITE, BROWSER, MODULES, GIVEN, MADE } = process.env;
const { chromium } = createRequire(`${MODULES}/`)("playwright-core");
const jobs = JSON.parse(readFileSync(`${GIVEN}/jobs.json`, "utf8"));
const browser = await chromium.launch({ executablePath: BROWSER, args: ["--no-sandbox"] });
const page = await browser.newPage({ viewport: { width: 1280, height: 900 }, serviceWorkers: "block" });
page.setDefaultTimeout(0);
await page.route(`${SITE}given/*`, (route) =>
  route.fulfill({ path: `${GIVEN}/${route.request().url().split("/").pop()}` }),
);
await page.goto(SITE);
await page.waitForFunction(() => document.getElementById("status").textContent === "");

/** Opens a given file in the worker, encodes it if it is to be, and gives bytes or pixels as base64. */
const worked = (file, settings) =>
  page.evaluate(
    async ([name, encoding]) => {
      const { ask } = await import("./client.js");
      const bytes = new Uint8Array(await (await fetch(`given/${name}`)).arrayBuffer());
      const opened = await ask("open", { bytes });
      const found = encoding ? (await ask("encode", encoding)).bytes : opened.decoded;
      let text = "";
      for (let at = 0; at < found.length; at += 32768) text += String.fromCharCode(...found.subarray(at, at + 32768));
      return btoa(text);
    },
    [file, settings],
  );

/** Milliseconds from a file's drop to what the page says then. */
const dropped = (file, pattern) =>
  page.evaluate(
    async ([name, source]) => {
      const content = await (await fetch(`given/${name}`)).blob();
      const transfer = new DataTransfer();
      transfer.items.add(new File([content], name));
      const began = performance.now();
      document.dispatchEvent(new DragEvent("drop", { dataTransfer: transfer }));
      const status = document.getElementById("status");
      await new Promise((resolve) => setTimeout(resolve));
      while (!new RegExp(source).test(status.textContent)) await new Promise(requestAnimationFrame);
      return performance.now() - began;
    },
    [file, pattern],
  );

for (const { photo, kind, file } of jobs.agreement) {
  const encoded = await worked(photo, { kind, quality: jobs.quality });
  writeFileSync(`${MADE}/${file}`, Buffer.from(encoded, "base64"));
  writeFileSync(`${MADE}/${file}.rgba`, Buffer.from(await worked(file), "base64"));
  console.log(file);
}

const times = [];
for (const { size, runs, photo, file } of jobs.sizes) {
  const found = { size };
  for (let run = 0; run < runs; run++) {
    found.encode_ms = await dropped(photo, "of colour");
    found.decode_ms = await dropped(file, "in colour");
  }
  times.push(found);
  console.log(size);
}

writeFileSync(`${MADE}/times.json`, JSON.stringify(times));
await browser.close();
