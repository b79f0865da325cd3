/** What a person takes away: files that the browser saves. */

/** Saves bytes under a name. */
export function save(content, name, type) {
  const link = document.createElement("a");
  link.href = URL.createObjectURL(new Blob([content], { type }));
  link.download = name;
  link.click();
  setTimeout(() => URL.revokeObjectURL(link.href), 1000);
}

/** Saves RGBA as a PNG file. */
export async function savePng(rgba, width, height, name) {
  const canvas = new OffscreenCanvas(width, height);
  canvas.getContext("2d").putImageData(new ImageData(new Uint8ClampedArray(rgba), width, height), 0, 0);
  save(await canvas.convertToBlob({ type: "image/png" }), name, "image/png");
}
