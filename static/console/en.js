/** English of every German sentence on the screen. */

/** @type {Record<string, string>} */
export const ENGLISH = {};
