/** The service worker: keeps all files of the site, and gives them where there is no network. */

const KEPT = "colour-grid";

self.addEventListener("install", (event) => {
  event.waitUntil(
    (async () => {
      const { files } = await (await fetch("colour-grid-site.json")).json();
      await (await caches.open(KEPT)).addAll(["./", "colour-grid-site.json", ...files]);
      await self.skipWaiting();
    })(),
  );
});

self.addEventListener("activate", (event) => event.waitUntil(self.clients.claim()));

self.addEventListener("fetch", (event) => event.respondWith(answered(event.request)));

/** From the network, and kept; where there is none, what was kept. */
async function answered(request) {
  const cache = await caches.open(KEPT);
  try {
    const response = await fetch(request);
    if (response.ok && request.method === "GET") await cache.put(request, response.clone());
    return response;
  } catch {
    return cache.match(request);
  }
}
