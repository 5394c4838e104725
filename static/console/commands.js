/**
 * Commands go over HTTP and carry an id of their own, so that the same one can be sent again until it is answered and
 * still acts once. Every act shows what became of it at the place where it was done.
 */
import { t } from "./i18n.js";

const PATIENCE_MS = 8_000;
const LONGEST_PAUSE_MS = 5_000;

/**
 * What became of an act, by the place on screen where it was done.
 * @typedef {{state: "pending" | "waiting" | "done" | "refused", reason: string, code: string, detail: Record<string, any>, at: number}} Outcome
 */

export class Commands {
  /** @param {() => void} onChange */
  constructor(onChange) {
    this.onChange = onChange;
    /** @type {Map<string, Outcome>} */
    this.outcomes = new Map();
    this.unanswered = 0;
  }

  /** @param {string} place */
  outcome(place) {
    return this.outcomes.get(place);
  }

  /** @param {string} place */
  forget(place) {
    if (this.outcomes.delete(place)) this.onChange();
  }

  /**
   * Carry out a command; resolves when the node has answered, however long that takes.
   * @param {string} name e.g. "incident.alarm"
   * @param {Record<string, any>} data
   * @param {string} [place] where on the screen the act was done; its outcome is shown there
   * @returns {Promise<Answer>}
   */
  async send(name, data, place = name) {
    const commandId = crypto.randomUUID();
    this.set(place, { state: "pending", reason: "", code: "", detail: {}, at: performance.now() });
    this.unanswered += 1;
    try {
      const answer = await this.untilAnswered(name, data, commandId, place);
      this.set(place, {
        state: answer.ok ? "done" : "refused",
        reason: answer.reason ?? "",
        code: answer.refused ?? "",
        detail: answer.detail,
        at: performance.now(),
      });
      return answer;
    } finally {
      this.unanswered -= 1;
      this.onChange();
    }
  }

  /**
   * @param {string} name
   * @param {Record<string, any>} data
   * @param {string} commandId
   * @param {string} place
   */
  async untilAnswered(name, data, commandId, place) {
    for (let attempt = 0; ; attempt += 1) {
      const answer = await post(name, data, commandId);
      if (answer) return answer;
      this.set(place, {
        state: "waiting",
        reason: t("Keine Verbindung – wird wiederholt"),
        code: "",
        detail: {},
        at: performance.now(),
      });
      await new Promise((resolve) => setTimeout(resolve, Math.random() * Math.min(LONGEST_PAUSE_MS, 250 * 2 ** attempt)));
    }
  }

  /**
   * @param {string} place
   * @param {Outcome} outcome
   */
  set(place, outcome) {
    this.outcomes.set(place, outcome);
    this.onChange();
  }
}

/**
 * @param {string} name
 * @param {Record<string, any>} data
 * @param {string} commandId
 * @returns {Promise<Answer | null>} null: nobody answered, the same command may be sent again
 */
async function post(name, data, commandId) {
  try {
    const response = await fetch(`/console/command/${name}`, {
      method: "POST",
      headers: { "Content-Type": "application/json", "X-Leitstelle": "1" },
      body: JSON.stringify({ command_id: commandId, data }),
      signal: AbortSignal.timeout(PATIENCE_MS),
    });
    if (response.status >= 502 && response.status <= 504) return null;
    return readAnswer(response.status, await response.text());
  } catch {
    return null;
  }
}

/**
 * @param {number} status
 * @param {string} text
 * @returns {Answer}
 */
export function readAnswer(status, text) {
  let body = /** @type {Record<string, any>} */ ({});
  try {
    body = JSON.parse(text);
  } catch {
    body = { refused: `http_${status}`, reason: t("Der Server hat unverständlich geantwortet ({status}).", { status }) };
  }
  const refused = body.refused ?? (status === 200 ? undefined : `http_${status}`);
  return {
    ok: refused === undefined,
    pos: body.pos,
    safety: body.safety,
    result: body.result ?? {},
    refused,
    reason: body.reason ?? (refused ? t("Abgelehnt ({code}).", { code: String(refused) }) : undefined),
    detail: body.detail ?? {},
  };
}

/**
 * A read over HTTP.
 * @param {string} path
 * @param {{body?: any, signal?: AbortSignal}} [options] with a body it is a POST
 * @returns {Promise<any>} the JSON; throws where the node does not answer or refuses
 */
export async function read(path, options = {}) {
  const response = await fetch(path, {
    method: options.body === undefined ? "GET" : "POST",
    headers: { "X-Leitstelle": "1", ...(options.body === undefined ? {} : { "Content-Type": "application/json" }) },
    body: options.body === undefined ? undefined : JSON.stringify(options.body),
    signal: options.signal ?? AbortSignal.timeout(PATIENCE_MS),
  });
  const text = await response.text();
  if (!response.ok) throw new ReadRefused(readAnswer(response.status, text).reason ?? "");
  return JSON.parse(text);
}

/** The node answered a read with a reason. */
export class ReadRefused extends Error {}
