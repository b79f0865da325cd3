/** The service worker: keeps all files of the site, and gives them where there is no network. */

const KEPT = "colour-grid";

self.addEventListener("install", (event) => {
  event.waitUntil(
    (async () => {
      const { files } = await (await fetch("site.json")).json();
      await (await caches.open(KEPT)).addAll(["./", "site.json", ...files]);
      await self.skipWaiting();
    })(),
  );
});

self.addEventListener("activate", (event) => event.waitUntil(self.clients.claim()));

self.addEventListener("fetch", (event) => {
  event.respondWith(fetch(event.request).catch(() => caches.match(event.request)));
});
