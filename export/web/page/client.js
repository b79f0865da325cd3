/** The worker as functions of the page. */

const worker = new Worker("worker.js");
const waiting = new Map();
let last = 0;

worker.onmessage = ({ data: { id, share, found, error } }) => {
  if (!waiting.has(id)) return;
  const { resolve, reject, tell } = waiting.get(id);
  if (share !== undefined) {
    tell(share);
    return;
  }
  waiting.delete(id);
  if (error === undefined) {
    resolve(found);
  } else {
    reject(error === null ? new DOMException("", "AbortError") : new Error(error));
  }
};

worker.onerror = ({ message }) => {
  for (const { reject } of waiting.values()) reject(new Error(`this browser cannot run the page: ${message}`));
  waiting.clear();
};

/**
 * Asks the worker for something.
 *
 * @param {string} name one of ACTIONS in work.js.
 * @param {object} [argument]
 * @param {(share: number) => void} [tell] is told how much of it is done, 0 to 1.
 * @returns {Promise<object>} rejects with an AbortError for work that newer work took the place of.
 */
export function ask(name, argument, tell = () => {}) {
  const id = ++last;
  return new Promise((resolve, reject) => {
    waiting.set(id, { resolve, reject, tell });
    worker.postMessage({ id, name, argument });
  });
}
