/** Two pictures over each other with a divider between them, which move and grow together. */

const MOST_ZOOM = 32;
/** From which zoom on pixels are shown as squares. */
const SQUARE = 4;
const STEP = 1.25;

/** The element `#viewer` and what belongs to it. */
export class Viewer {
  #scale = 1;
  #fitted = 1; // the scale at which the whole picture is seen
  #left = 0;
  #top = 0;
  #pointers = new Map();
  #paints = false; // whether the finger that is down paints, and does not move the picture

  /**
   * @param {HTMLElement} root
   * @param {HTMLInputElement} divide where the divider is, 0 to 100.
   */
  constructor(root, divide) {
    this.root = root;
    this.divide = divide;
    const [after, before, cells] = root.querySelectorAll("canvas");
    this.canvases = { after, before, cells };
    /** Takes pixels that are painted, `(x, y, isFirst)`; null while pictures are moved. */
    this.onPaint = null;
    /** Is called when a stroke ends. */
    this.onPainted = () => {};
    /** Is called when a second finger comes down: both move the picture. */
    this.onPinch = () => {};
    divide.addEventListener("input", () => this.moved());
    new ResizeObserver(() => !root.classList.contains("zoomed") && this.fit()).observe(root);
    root.addEventListener("wheel", (event) => this.#wheel(event), { passive: false });
    root.addEventListener("pointerdown", (event) => this.#down(event));
    root.addEventListener("pointermove", (event) => this.#move(event));
    for (const end of ["pointerup", "pointercancel"]) {
      root.addEventListener(end, (event) => this.#up(event));
    }
    root.addEventListener("keydown", (event) => this.#key(event));
  }

  /** Shows a picture, RGBA, as `before` or `after`, under a name. */
  show(which, rgba, width, height, name) {
    const canvas = this.canvases[which];
    const isNew = canvas.width !== width || canvas.height !== height;
    if (isNew) {
      [canvas.width, canvas.height] = [width, height];
    }
    this.patch(which, { rgba, left: 0, top: 0, width, height });
    this.root.querySelector(`#${which}-name`).textContent = name;
    if (isNew) {
      this.fit();
    }
  }

  /** Puts a part of a picture where it belongs. */
  patch(which, { rgba, left, top, width, height }) {
    const pixels = new Uint8ClampedArray(rgba.buffer, rgba.byteOffset, rgba.length);
    this.canvases[which].getContext("2d").putImageData(new ImageData(pixels, width, height), left, top);
  }

  /** Moves the divider: 0 shows the one picture, 100 the other. */
  divideAt(share) {
    this.divide.value = share;
    this.moved();
  }

  /** Makes the whole picture seen. */
  fit() {
    const { width, height } = this.canvases.after;
    const { clientWidth, clientHeight } = this.root;
    this.#scale = this.#fitted = Math.min(clientWidth / width, clientHeight / height);
    this.#left = (clientWidth - width * this.#scale) / 2;
    this.#top = (clientHeight - height * this.#scale) / 2;
    this.moved();
  }

  /** Zooms by a factor, about a point of the element, its middle if none is given. */
  zoom(factor, x = this.root.clientWidth / 2, y = this.root.clientHeight / 2) {
    const scale = Math.min(Math.max(this.#scale * factor, 0.02), MOST_ZOOM);
    this.#left = x - ((x - this.#left) * scale) / this.#scale;
    this.#top = y - ((y - this.#top) * scale) / this.#scale;
    this.#scale = scale;
    this.moved();
  }

  /** Which pixel of the picture lies at a point of the screen. */
  pixel(clientX, clientY) {
    const { left, top } = this.root.getBoundingClientRect();
    return [(clientX - left - this.#left) / this.#scale, (clientY - top - this.#top) / this.#scale];
  }

  /** Puts all canvases where pictures are seen now. */
  moved() {
    this.root.querySelector("#before").style.width = `${this.divide.value}%`;
    this.root.classList.toggle("close", this.#scale >= SQUARE);
    this.root.classList.toggle("zoomed", this.#scale > this.#fitted * 1.01);
    const transform = `translate(${this.#left}px, ${this.#top}px) scale(${this.#scale})`;
    for (const canvas of Object.values(this.canvases)) {
      canvas.style.transform = transform;
    }
  }

  #move(event) {
    const before = this.#pointers.get(event.pointerId);
    if (!before) {
      return;
    }
    const now = [event.clientX, event.clientY];
    this.#pointers.set(event.pointerId, now);
    if (this.#pointers.size === 2) {
      this.#pinch(event.pointerId, before, now);
    } else if (this.#paints) {
      this.onPaint?.(...this.pixel(...now), false);
    } else {
      this.#shift(now[0] - before[0], now[1] - before[1]);
    }
  }

  #shift(right, down) {
    this.#left += right;
    this.#top += down;
    this.moved();
  }

  #pinch(id, before, now) {
    const other = [...this.#pointers].find(([each]) => each !== id)[1];
    const apart = (at) => Math.hypot(at[0] - other[0], at[1] - other[1]);
    const { left, top } = this.root.getBoundingClientRect();
    this.#shift((now[0] - before[0]) / 2, (now[1] - before[1]) / 2);
    this.zoom(apart(now) / Math.max(apart(before), 1), (now[0] + other[0]) / 2 - left, (now[1] + other[1]) / 2 - top);
  }

  #down(event) {
    if (event.button) return;
    this.root.setPointerCapture(event.pointerId);
    this.#pointers.set(event.pointerId, [event.clientX, event.clientY]);
    if (this.#pointers.size > 1) {
      if (this.#paints) this.onPinch();
      this.#paints = false;
    } else {
      this.#paints = Boolean(this.onPaint) && !event.shiftKey;
      if (this.#paints) this.onPaint(...this.pixel(event.clientX, event.clientY), true);
    }
  }

  #up(event) {
    this.#pointers.delete(event.pointerId);
    this.onPainted();
  }

  #wheel(event) {
    event.preventDefault();
    const { left, top } = this.root.getBoundingClientRect();
    this.zoom(Math.exp(-event.deltaY / 400), event.clientX - left, event.clientY - top);
  }

  #key(event) {
    const by = 40;
    const moves = { ArrowLeft: [by, 0], ArrowRight: [-by, 0], ArrowUp: [0, by], ArrowDown: [0, -by] };
    if (event.defaultPrevented || event.ctrlKey || event.metaKey || event.altKey) {
      return;
    }
    if (event.key in moves) {
      this.#shift(...moves[event.key]);
    } else if (event.key === "+" || event.key === "=") {
      this.zoom(STEP);
    } else if (event.key === "-") {
      this.zoom(1 / STEP);
    } else if (event.key === "0") {
      this.fit();
    } else {
      return;
    }
    event.preventDefault();
  }
}
