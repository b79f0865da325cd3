/** The tab in which cells of the grid are given colours. */

import { ask } from "./client.js";
import { chromaOf, drawGrid } from "./colors.js";
import { Strokes } from "./strokes.js";

const CELL = 16;
/** Milliseconds without a stroke after which the whole picture is decoded, for what lies far from the last ones. */
const QUIET = 400;

/** Painting in a `Viewer`; `find(id)` gives elements of the page. */
export class Painter {
  #strokes = null;
  #pending = new Map(); // what is to be painted: number of a cell -> Cb and Cr
  #busy = false;
  #last = null; // row and column of the last dab
  #cursor = [0, 0];
  #timer = 0;

  constructor(viewer, find) {
    [this.viewer, this.find] = [viewer, find];
    find("undo").addEventListener("click", () => this.#again("undo"));
    find("redo").addEventListener("click", () => this.#again("redo"));
    find("bleach").addEventListener("click", () => this.begin("none"));
    find("guess").addEventListener("click", () => this.begin("guess"));
    find("brush").addEventListener("input", () => (find("brush-shown").value = find("brush").value));
    find("show-cells").addEventListener("change", () => this.#draw());
    viewer.root.addEventListener("keydown", (event) => this.#key(event), true);
    viewer.onPainted = () => this.#end();
  }

  /** Begins with the colours of what is open ("own"), with none ("none") or with guessed ones ("guess"). */
  async begin(colors) {
    const { width, height } = this.viewer.canvases.after;
    const { rgba, grid, columns } = await ask("paintFrom", { colors });
    this.#strokes = new Strokes(grid, columns);
    this.#pending.clear();
    this.viewer.show("after", rgba, width, height, "Painted");
    this.viewer.divideAt(0);
    this.viewer.root.classList.add("painting");
    this.viewer.onPaint = (x, y, isFirst) => this.#paint(Math.floor(y / CELL), Math.floor(x / CELL), isFirst);
    this.#told();
  }

  /** Leaves the pictures to be moved again; gives whether something was painted. */
  leave() {
    const wasPainted = Boolean(this.viewer.onPaint && this.#strokes.can.undo);
    this.viewer.onPaint = null;
    this.viewer.root.classList.remove("painting");
    this.find("cells").hidden = true;
    return wasPainted;
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
    this.#send(this.#strokes[which]());
    this.#end();
  }

  #end() {
    if (this.viewer.onPaint) {
      this.#strokes.end();
      this.#last = null;
      this.#told();
    }
  }

  async #send({ cells, colors }) {
    cells.forEach((cell, i) => this.#pending.set(cell, colors.slice(2 * i, 2 * i + 2)));
    clearTimeout(this.#timer);
    if (this.#busy) {
      return;
    }
    this.#busy = true;
    while (this.#pending.size) {
      const [now, began] = [[...this.#pending], performance.now()];
      this.#pending.clear();
      const patch = await ask("paint", { cells: now.map(([cell]) => cell), colors: now.flatMap(([, color]) => color) });
      this.viewer.patch("after", patch);
      performance.measure("stroke", { start: began });
    }
    this.#busy = false;
    this.#draw();
    this.#timer = setTimeout(() => this.#settle(), QUIET);
  }

  async #settle() {
    const { width, height } = this.viewer.canvases.after;
    const { rgba } = await ask("whole");
    if (!this.#busy && this.viewer.onPaint) {
      this.viewer.show("after", rgba, width, height, "Painted");
    }
  }

  #key(event) {
    const moves = { ArrowLeft: [0, -1], ArrowRight: [0, 1], ArrowUp: [-1, 0], ArrowDown: [1, 0] };
    if (!this.viewer.onPaint) {
      return;
    }
    const { rows, columns } = this.#strokes;
    if (event.key in moves) {
      const [down, right] = moves[event.key];
      const [row, column] = this.#cursor;
      this.#cursor = [Math.min(Math.max(row + down, 0), rows - 1), Math.min(Math.max(column + right, 0), columns - 1)];
    } else if (event.key === " ") {
      this.#paint(...this.#cursor, true);
      this.#end();
    } else {
      return;
    }
    event.preventDefault();
    this.#draw(this.#cursor);
    this.find("status").textContent =
      `Cell ${this.#cursor[1] + 1} of ${columns}, row ${this.#cursor[0] + 1} of ${rows}`;
  }

  /** Draws the grid where it is to be seen, and a cell that keys have chosen. */
  #draw(chosen = null) {
    const wanted = this.find("show-cells").checked;
    this.find("cells").hidden = !wanted && !chosen;
    if (wanted || chosen) {
      drawGrid(this.viewer.canvases, this.#strokes, CELL, { wanted, chosen });
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
