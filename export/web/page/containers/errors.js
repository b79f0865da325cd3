/** What is wrong with a file that should hold colours. */

/** The file is damaged, or can hold no records. The message is one line about the file. */
export class DamagedContainer extends Error {
  name = "DamagedContainer";
}

/** The error for a file of which the end is missing. */
export function cut(kind) {
  return new DamagedContainer(`its ${kind} file is cut short or damaged`);
}
