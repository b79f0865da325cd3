/** The page: what is opened, what is shown of it, and what can be taken away. */

import { ask } from "./client.js";
import { gridPicture } from "./colors.js";
import { Painter } from "./painter.js";
import { save, savePng } from "./save.js";
import { Viewer } from "./viewer.js";

const SUFFIXES = { jpeg: "jpg", webp: "webp", avif: "avif" };
/** Pixels of a cell where none are named. */
const USUAL_STEP = 16;
/** Milliseconds that a setting stands before it is tried. */
const PAUSE = 250;

const find = (id) => document.getElementById(id);
const viewer = new Viewer(find("viewer"), find("divide"));
const painter = new Painter(viewer, find, attempt);
let open = null; // {name, width, height, isGrey, isPhotograph}
let made = null; // {rgba, title, n, bytes, kind}: what can be saved; bytes and kind once it was encoded
let asked = 0; // how many files were to be opened: what comes of earlier ones is not shown
let timer = 0;

/** Says what is going on, and how much of it is done: 0 to 1, or null for nothing. */
function tell(text, share = null) {
  find("status").textContent = text;
  find("progress").hidden = share === null;
  find("progress").value = share ?? 0;
}

/** Runs what a person asked for; what goes wrong is told in one line. */
async function attempt(work) {
  try {
    await work();
  } catch (error) {
    if (error.name !== "AbortError") {
      tell(`${error.message}`);
    }
  }
}

async function openFile(file) {
  const mine = ++asked;
  const name = file.name || "picture";
  clearTimeout(timer); // a setting of what was open before
  tell(`Opening ${name} …`, 0);
  const content = new Uint8Array(await file.arrayBuffer());
  const found = await ask("open", { bytes: content }, (share) => mine === asked && tell("Decoding …", share));
  if (mine !== asked) return;
  clearTimeout(timer);
  const { width, height, rgba, grey, decoded, info, trouble } = found;
  const isSmall = Math.min(width, height) < USUAL_STEP;
  const isGrey = grey && !info;
  open = { name: name.replace(/\.[^.]*$/, ""), width, height, isGrey, isPhotograph: !grey };
  made = { rgba: decoded ?? rgba, title: decoded ? "Decoded" : grey ? "Grey" : "Original", n: USUAL_STEP };
  painter.reset();
  find("work").hidden = false;
  find("tools").hidden = isSmall;
  find("settings").hidden = Boolean(info);
  find("save-file").hidden = true;
  showTab("compress");
  viewer.show("before", rgba, width, height, decoded ? "Grey file" : made.title);
  viewer.show("after", made.rgba, width, height, made.title);
  viewer.divideAt(50);
  viewer.fit();
  facts({});
  if (info) {
    made.n = info.finest;
    facts({
      File: bytes(info.bytes),
      Luma: bytes(info.bytes - info.colorBytes),
      Colours: bytes(info.colorBytes),
      "Smallest cells": `${info.finest} pixels`,
      Decoded: `in ${seconds(info.ms)}`,
    });
    tell("A colour-grid file, in colour.");
  } else if (isSmall) {
    tell(`A photograph must have at least 16 × 16 pixels, not ${width} × ${height}.`);
  } else if (grey) {
    await choose("paint");
    tell(trouble ? `Shown without colours: ${trouble}.` : "A grey picture: paint it.");
  } else {
    await encode();
  }
}

/** Encodes what is open with the settings of the page. */
async function encode() {
  const mine = asked;
  const [kind, quality, finest] = ["kind", "quality", "finest"].map((id) => find(id).value);
  const settings = { kind, quality: Number(quality), finest: Number(finest) };
  const progress = (share) => mine === asked && tell("Encoding …", share);
  progress(0);
  const found = await ask("encode", settings, progress);
  if (mine !== asked) return;
  made = { ...found, title: "Colour grid", kind, n: found.finest };
  find("settings").hidden = find("save-file").hidden = find("save-file").disabled = false;
  if (!viewer.onPaint) viewer.show("after", found.rgba, open.width, open.height, made.title);
  facts({
    File: bytes(found.bytes.length),
    Luma: bytes(found.lumaBytes),
    Colours: bytes(found.colorBytes),
    "Smallest cells": `${found.finest} pixels`,
    PSNR: `${found.psnr.toFixed(2)} dB`,
    SSIM: found.ssim.toFixed(4),
    Encoded: `in ${seconds(found.ms)}`,
  });
  tell(`${bytes(found.bytes.length)}, of them ${found.colorBytes.toLocaleString("en")} of colour.`);
}

function facts(found) {
  const size = `${open.width} × ${open.height}`;
  find("facts").replaceChildren(
    ...Object.entries({ Size: size, ...found }).flatMap(([name, value]) => {
      const [term, described] = ["dt", "dd"].map((tag) => document.createElement(tag));
      [term.textContent, described.textContent] = [name, value];
      return [term, described];
    }),
  );
}

const bytes = (count) => `${count.toLocaleString("en")} bytes`;
const seconds = (ms) => `${(ms / 1000).toFixed(2)} s`;

function showTab(name) {
  for (const each of ["compress", "paint"]) {
    const tab = find(`tab-${each}`);
    tab.setAttribute("aria-selected", String(each === name));
    tab.tabIndex = each === name ? 0 : -1;
    find(each).hidden = each !== name;
  }
}

/** Goes to a tab; what was painted is what is compressed then. */
async function choose(name) {
  if (!find(name).hidden) return;
  showTab(name);
  if (name === "paint") {
    clearTimeout(timer);
    tell("Preparing to paint …", 0);
    await painter.enter(open.isGrey);
    tell("");
    return;
  }
  painter.leave();
  viewer.divideAt(50);
  if (painter.takeChanges()) {
    await encodePainted();
  } else if (open.isPhotograph && !made.bytes) {
    await encode(); // which painting had put an end to
  } else {
    viewer.show("after", made.rgba, open.width, open.height, made.title);
  }
}

async function encodePainted() {
  await ask("keep");
  await encode();
}

async function saveGrid() {
  const { grid, n, width, height } = await ask("grid", { n: made.n });
  await savePng(gridPicture(grid), Math.ceil(width / n), Math.ceil(height / n), `${open.name}-grid.png`);
}

async function savePainted() {
  if (painter.takeChanges()) await encodePainted();
  else if (!made.bytes) await encode();
  saveFile();
}

function saveFile() {
  save(made.bytes, `${open.name}.${SUFFIXES[made.kind]}`, `image/${made.kind}`);
}

async function painted() {
  const { rgba } = await ask("whole");
  await savePng(rgba, open.width, open.height, `${open.name}.png`);
}

for (const id of ["file", "camera"]) {
  find(id).addEventListener("change", ({ target }) => {
    const [file] = target.files;
    target.value = "";
    if (file) {
      attempt(() => openFile(file));
    }
  });
}
find("example").addEventListener("click", () =>
  attempt(async () => openFile(new File([await (await fetch("example.webp")).blob()], "example.webp"))),
);
document.addEventListener("paste", ({ clipboardData }) => {
  const [file] = clipboardData.files;
  if (file) {
    attempt(() => openFile(file));
  }
});
for (const name of ["dragover", "dragleave", "drop"]) {
  document.addEventListener(name, (event) => {
    event.preventDefault();
    document.body.classList.toggle("over", name === "dragover");
    const file = event.dataTransfer?.files[0];
    if (name === "drop" && file) {
      attempt(() => openFile(file));
    }
  });
}
for (const id of ["quality", "kind", "finest"]) {
  find(id).addEventListener("input", () => {
    find("quality-shown").value = find("quality").value;
    find("save-file").disabled = true; // until it is what the settings say
    clearTimeout(timer);
    timer = setTimeout(() => attempt(encode), PAUSE);
  });
}
for (const name of ["compress", "paint"]) {
  find(`tab-${name}`).addEventListener("click", () => attempt(() => choose(name)));
}
find("tabs").addEventListener("keydown", (event) => {
  if (event.key === "ArrowLeft" || event.key === "ArrowRight") {
    const name = find("paint").hidden ? "paint" : "compress";
    find(`tab-${name}`).focus();
    attempt(() => choose(name));
  }
});
find("save-file").addEventListener("click", saveFile);
find("save-png").addEventListener("click", () =>
  attempt(() => savePng(made.rgba, open.width, open.height, `${open.name}.png`)),
);
find("save-grid").addEventListener("click", () => attempt(saveGrid));
find("save-painted").addEventListener("click", () => attempt(savePainted));
find("save-painted-png").addEventListener("click", () => attempt(painted));
find("closer").addEventListener("click", () => viewer.zoom(1.25));
find("farther").addEventListener("click", () => viewer.zoom(1 / 1.25));
find("fit").addEventListener("click", () => viewer.fit());

navigator.serviceWorker?.register("offline.js").catch(() => {}); // without it, the page works with a network
attempt(async () => {
  tell("Loading the decoder …");
  await ask("start");
  tell("");
});
