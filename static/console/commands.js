/**
 * Commands go over HTTP and carry an id of their own, so that the same one can be sent again until it is answered, also
 * at another node, and still acts once. Every act shows what became of it at the place where it was done.
 */
import { t } from "./i18n.js";
import { recall, remember } from "./keep.js";
import { nodes } from "./nodes.js";

const PATIENCE_MS = 8_000;
/** With another node to go to, nobody waits that long for one that may be frozen. */
const SHORT_PATIENCE_MS = 4_000;
/** So long a read that found nobody waits for the console to move, in ms. */
const MOVE_MS = 4_000;
const UNANSWERED = "commands";
const LONGEST_PAUSE_MS = 5_000;

/**
 * What became of an act, by the place on screen where it was done.
 * @typedef {{state: "pending" | "waiting" | "done" | "refused", reason: string, code: string, detail: Record<string, any>, at: number}} Outcome
 */

/** @typedef {{id: string, name: string, data: Record<string, any>, place: string}} Unanswered */

export class Commands {
  /** @param {{onChange: () => void, onSilence: () => void}} hooks */
  constructor(hooks) {
    this.hooks = hooks;
    /** @type {Map<string, Outcome>} */
    this.outcomes = new Map();
    /** @type {Map<string, Unanswered>} */
    this.waiting = new Map();
  }

  get unanswered() {
    return this.waiting.size;
  }

  /** @param {string} place */
  outcome(place) {
    return this.outcomes.get(place);
  }

  /** @param {string} place */
  forget(place) {
    if (this.outcomes.delete(place)) this.hooks.onChange();
  }

  /**
   * Carry out a command; resolves when a node has answered, however long that takes.
   * @param {string} name e.g. "incident.alarm"
   * @param {Record<string, any>} data
   * @param {string} [place] where on the screen the act was done; its outcome is shown there
   * @returns {Promise<Answer>}
   */
  send(name, data, place = name) {
    return this.carryOut({ id: crypto.randomUUID(), name, data, place });
  }

  /** Send again what had no answer when this window was reloaded; under their ids they act once. */
  resume() {
    const left = /** @type {Unanswered[]} */ (recall(UNANSWERED) ?? []);
    for (const command of left) if (!this.waiting.has(command.id)) void this.carryOut(command);
  }

  /** @param {Unanswered} command @returns {Promise<Answer>} */
  async carryOut(command) {
    this.set(command.place, { state: "pending", reason: "", code: "", detail: {}, at: performance.now() });
    this.waiting.set(command.id, command);
    remember(UNANSWERED, [...this.waiting.values()]);
    try {
      const answer = await this.untilAnswered(command);
      this.set(command.place, {
        state: answer.ok ? "done" : "refused",
        reason: answer.reason ?? "",
        code: answer.refused ?? "",
        detail: answer.detail,
        at: performance.now(),
      });
      return answer;
    } finally {
      this.waiting.delete(command.id);
      remember(UNANSWERED, [...this.waiting.values()]);
      this.hooks.onChange();
    }
  }

  /** @param {Unanswered} command */
  async untilAnswered({ id, name, data, place }) {
    for (let attempt = 0; ; attempt += 1) {
      const answer = await post(name, data, id);
      if (answer) return answer;
      this.hooks.onSilence();
      this.set(place, {
        state: "waiting",
        reason: t("Keine Verbindung – wird wiederholt"),
        code: "",
        detail: {},
        at: performance.now(),
      });
      await pause(Math.random() * Math.min(LONGEST_PAUSE_MS, 250 * 2 ** attempt));
    }
  }

  /**
   * @param {string} place
   * @param {Outcome} outcome
   */
  set(place, outcome) {
    this.outcomes.set(place, outcome);
    this.hooks.onChange();
  }
}

/**
 * @param {string} name
 * @param {Record<string, any>} data
 * @param {string} commandId
 * @returns {Promise<Answer | null>} null: nobody answered, the same command may be sent again
 */
async function post(name, data, commandId) {
  // Moved to another node meanwhile: the same command is sent there at once.
  const moved = new AbortController();
  const leave = () => moved.abort();
  nodes.addEventListener("moved", leave);
  try {
    const patience = AbortSignal.timeout(nodes.others(nodes.at).length ? SHORT_PATIENCE_MS : PATIENCE_MS);
    const response = await nodes.request(`/console/command/${name}`, {
      method: "POST",
      headers: { "Content-Type": "application/json" },
      body: JSON.stringify({ command_id: commandId, data }),
      signal: AbortSignal.any([patience, moved.signal]),
    });
    if (response.status >= 502 && response.status <= 504) return null;
    const answer = readAnswer(response.status, await response.text());
    // The responsible node may have carried it out or not: asked again, it tells.
    return answer.refused === "in_doubt" ? null : answer;
  } catch {
    return null;
  } finally {
    nodes.removeEventListener("moved", leave);
  }
}

/** Wait, or until the console has moved to another node. @param {number} milliseconds @returns {Promise<boolean>} moved */
function pause(milliseconds) {
  return new Promise((resolve) => {
    const end = (/** @type {boolean} */ moved) => {
      clearTimeout(timer);
      nodes.removeEventListener("moved", leave);
      resolve(moved);
    };
    const leave = () => end(true);
    const timer = setTimeout(() => end(false), milliseconds);
    nodes.addEventListener("moved", leave);
  });
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
  for (let attempt = 0; ; attempt += 1) {
    try {
      const response = await nodes.request(path, {
        method: options.body === undefined ? "GET" : "POST",
        headers: options.body === undefined ? {} : { "Content-Type": "application/json" },
        body: options.body === undefined ? undefined : JSON.stringify(options.body),
        signal: options.signal ?? AbortSignal.timeout(PATIENCE_MS),
      });
      const text = await response.text();
      if (!response.ok) throw new ReadRefused(readAnswer(response.status, text).reason ?? "");
      return JSON.parse(text);
    } catch (error) {
      if (error instanceof ReadRefused || options.signal?.aborted) throw error;
      // Asked in the very second the node died: asked again where the console goes on.
      if (attempt === 0 && nodes.others(nodes.at).length && (await pause(MOVE_MS))) continue;
      // What the browser says of a dead line is in its own language; whoever asked has words for it.
      throw new Error("");
    }
  }
}

/** The node answered a read with a reason. */
export class ReadRefused extends Error {}
