/** A classic worker, not a module: LiteRT loads its script by importScripts, which modules have not. */

const work = import("./work.js");

self.onmessage = async ({ data }) => (await work).answer(data);
