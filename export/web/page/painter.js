/** The tab in which cells of the grid are given colours. */

import { ask } from "./client.js";
import { chromaOf, drawGrid } from "./colors.js";
import { CELL } from "./painting.js";
import { Strokes } from "./strokes.js";

/** Milliseconds without a stroke after which the whole picture is decoded, for what lies far from the last ones. */
const QUIET = 400;

/** Painting in a `Viewer`; `find(id)` gives elements of the page, `attempt` runs work and tells what goes wrong. */
export class Painter {
  #strokes = null;
  #pending = new Map(); // what is to be painted: number of a cell -> Cb and Cr
  #busy = false;
  #last = null; // row and column of the last dab
  #cursor = null; // row and column that keys have chosen
  #timer = 0;
  #begun = 0; // how often painting was entered or left: what was asked for before that is not shown any more
  #painted = 0; // strokes, undone and done again as well
  #kept = 0; // of them, those that are in what is encoded

  constructor(viewer, find, attempt) {
    [this.viewer, this.find, this.attempt] = [viewer, find, attempt];
    find("undo").addEventListener("click", () => this.#again("undo"));
    find("redo").addEventListener("click", () => this.#again("redo"));
    find("bleach").addEventListener("click", () => attempt(() => this.#begin("none")));
    find("guess").addEventListener("click", () => attempt(() => this.#begin("guess")));
    find("brush").addEventListener("input", () => (find("brush-shown").value = find("brush").value));
    find("show-cells").addEventListener("change", () => this.#draw());
    viewer.root.addEventListener("keydown", (event) => this.#key(event), true);
    viewer.onPainted = () => this.#end();
    viewer.onPinch = () => this.#takeBack();
  }

  /** Forgets what was painted: another picture is open. */
  reset() {
    this.leave();
    this.#strokes = null;
    this.#kept = this.#painted;
  }

  /** Goes on to paint, or begins: with the colours of what is open, or with none of a grey picture. */
  async enter(isGrey) {
    if (!this.#strokes) {
      await this.#begin(isGrey ? "none" : "own");
      this.#kept = this.#painted;
    } else {
      this.#show(await this.#asked("whole"));
    }
  }

  /** Leaves the pictures to be moved again. */
  leave() {
    this.#begun++;
    clearTimeout(this.#timer);
    this.#pending.clear();
    this.viewer.onPaint = null;
    this.viewer.root.classList.remove("painting");
    this.find("cells").hidden = true;
  }

  /** Whether something was painted since this was asked, which is to be encoded then. */
  takeChanges() {
    const changed = this.#painted !== this.#kept;
    this.#kept = this.#painted;
    return changed;
  }

  /** Begins anew; `colors` is own, none or guess. */
  async #begin(colors) {
    const found = await this.#asked("paintFrom", { colors });
    if (found) {
      this.#strokes = new Strokes(found.grid, found.columns);
      this.#painted++;
      this.#cursor = null;
    }
    this.#show(found);
  }

  /** What the worker answers; null if painting was left in the meantime. */
  async #asked(name, argument) {
    const mine = ++this.#begun;
    const found = await ask(name, argument);
    return mine === this.#begun ? found : null;
  }

  #show(found) {
    if (!found) return;
    const { width, height } = this.viewer.canvases.after;
    this.viewer.show("after", found.rgba, width, height, "Painted");
    this.viewer.divideAt(0);
    this.viewer.root.classList.add("painting");
    this.viewer.onPaint = (x, y, isFirst) => this.#paint(Math.floor(y / CELL), Math.floor(x / CELL), isFirst);
    this.#told();
  }

  #paint(row, column, isFirst) {
    const [fromRow, fromColumn] = isFirst || !this.#last ? [row, column] : this.#last;
    const steps = Math.max(Math.abs(row - fromRow), Math.abs(column - fromColumn), 1);
    const color = chromaOf(this.find("color").value);
    for (let step = 1; step <= steps; step++) {
      const at = (from, to) => Math.round(from + ((to - from) * step) / steps);
      const size = Number(this.find("brush").value);
      this.#send(this.#strokes.dab(at(fromRow, row), at(fromColumn, column), size, color));
    }
    this.#last = [row, column];
  }

  #again(which) {
    this.#painted++;
    this.#send(this.#strokes[which]());
    this.#end();
  }

  #end() {
    if (this.viewer.onPaint) {
      if (this.#strokes.end()) this.#painted++;
      this.#last = null;
      this.#told();
    }
  }

  /** Takes back what the first of two fingers painted: they are to move the picture. */
  #takeBack() {
    if (this.viewer.onPaint && this.#strokes.end()) this.#send(this.#strokes.undo());
    this.#end();
  }

  #send({ cells, colors }) {
    cells.forEach((cell, i) => this.#pending.set(cell, colors.slice(2 * i, 2 * i + 2)));
    clearTimeout(this.#timer);
    if (!this.#busy) this.attempt(() => this.#flush());
  }

  async #flush() {
    this.#busy = true;
    try {
      while (this.#pending.size) {
        const [now, began, mine] = [[...this.#pending], performance.now(), this.#begun];
        this.#pending.clear();
        const cells = now.map(([cell]) => cell);
        const patch = await ask("paint", { cells, colors: now.flatMap(([, color]) => color) });
        if (mine !== this.#begun) return;
        this.viewer.patch("after", patch);
        performance.measure("stroke", { start: began }); // read by tests and by export/benches/page.mjs
      }
      this.#draw();
      this.#timer = setTimeout(() => this.attempt(() => this.#settle()), QUIET);
    } finally {
      this.#busy = false;
    }
  }

  async #settle() {
    const [mine, painted] = [this.#begun, this.#painted];
    const { rgba } = await ask("whole");
    if (mine === this.#begun && painted === this.#painted && !this.#busy && this.viewer.onPaint) {
      const { width, height } = this.viewer.canvases.after;
      this.viewer.patch("after", { rgba, left: 0, top: 0, width, height });
    }
  }

  #key(event) {
    const moves = { ArrowLeft: [0, -1], ArrowRight: [0, 1], ArrowUp: [-1, 0], ArrowDown: [1, 0] };
    if (!this.viewer.onPaint || event.ctrlKey || event.metaKey || event.altKey) {
      return;
    }
    const { rows, columns } = this.#strokes;
    const [row, column] = this.#cursor ?? [-1, -1];
    if (event.key in moves) {
      const [down, right] = moves[event.key];
      const inside = (at, count) => Math.min(Math.max(at, 0), count - 1);
      this.#cursor = [inside(row + down, rows), inside(column + right, columns)];
    } else if (event.key === " " && this.#cursor) {
      this.#paint(row, column, true);
      this.#end();
    } else {
      return;
    }
    event.preventDefault();
    this.#draw();
    this.find("status").textContent =
      `Cell ${this.#cursor[1] + 1} of ${columns}, row ${this.#cursor[0] + 1} of ${rows}`;
  }

  /** Draws the grid where it is to be seen, and the cell that keys have chosen. */
  #draw() {
    const wanted = this.find("show-cells").checked;
    const isSeen = Boolean(this.viewer.onPaint && (wanted || this.#cursor));
    this.find("cells").hidden = !isSeen;
    if (isSeen) {
      drawGrid(this.viewer.canvases, this.#strokes, CELL, { wanted, chosen: this.#cursor });
      this.viewer.moved();
    }
  }

  #told() {
    const { undo, redo } = this.#strokes.can;
    this.find("undo").disabled = !undo;
    this.find("redo").disabled = !redo;
    this.#draw();
  }
}
