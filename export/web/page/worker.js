/** A classic worker, not a module: LiteRT loads its script by importScripts, which modules have not. */

const work = import("./work.js");

self.onmessage = async ({ data }) => {
  try {
    (await work).answer(data);
  } catch (error) {
    self.postMessage({ id: data.id, error: `this browser cannot run the page: ${error.message}` });
  }
};
