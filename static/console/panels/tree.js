/**
 * The decision tree of the interview: one question at a time, answered by number keys. Yields keyword and priority; may
 * say "alarm now" while the questions go on, and guide a caller through resuscitation with metronome and clock.
 */
import { html, nothing } from "../html.js";
import { currentLanguage, t } from "../i18n.js";
import { duration } from "../time.js";
import { showKeyword } from "./interview.js";

/** What is asked first on which line; the first tree where a centre has named its trees otherwise. @type {Record<string, string>} */
const TREE_OF_LINE = { 112: "notruf", 19222: "ktp", bma: "sonderanrufe", ecall: "sonderanrufe" };

/** When the guide on the screen began. @type {{node: string, at: number} | null} */
let guide = null;
let metronome = 0;

/** @param {import("../app.js").App} app @param {import("../intake.js").Draft} draft */
export function tree(app, draft) {
  const trees = Object.values(app.state.master.trees);
  if (!trees.length) return nothing;
  const line = app.state.calls[draft.call ?? ""]?.line ?? "112";
  const chosen = app.state.master.trees[draft.tree ?? ""] ?? app.state.master.trees[TREE_OF_LINE[line] ?? ""] ?? trees[0];
  if (!chosen) return nothing;
  const node = nodeOf(chosen, draft);
  if (!node?.guide) stopGuide();
  return html`<span class="name">${t("Abfrage")}</span>
    <div class="value tree">
      ${draft.path.length
        ? html`<p class="path">
            ${draft.path.map((step) => html`<span title=${step.question}>${step.text}</span>`)}
            <button class="chip" data-back @click=${() => back(app, draft)}>⌫</button>
          </p>`
        : nothing}
      ${draft.prealarm && !draft.incident && app.proposing.chosenRows().length
        ? html`<p class="prealarm" role="alert">${t("Genug bekannt: jetzt alarmieren, dann weiter fragen")} <kbd>F8</kbd></p>`
        : nothing}
      ${spoken(app, draft)} ${node ? question(app, draft, chosen, node) : html`<p class="question">${t("Abfrage beendet.")}</p>`}
      ${draft.path.length ? nothing : others(app, trees, chosen)}
    </div>`;
}

/** @param {import("../app.js").App} app @param {import("../intake.js").Draft} draft @param {TreeRow} row @param {TreeNode} node */
function question(app, draft, row, node) {
  const text = currentLanguage() === "en" && node.question_en ? node.question_en : node.question;
  return html`<div role="group" aria-label=${text}>
    <p class="question">${text}${node.question_en && currentLanguage() === "de" ? html`<small lang="en">${node.question_en}</small>` : nothing}</p>
    ${node.hint ? html`<p class="hint">${node.hint}</p>` : nothing} ${guideView(app, node)}
    <p class="answers">
      ${node.answers.map(
        (answer, index) => html`<button class="chip" data-answer @click=${() => choose(app, draft, row, node, answer)}>
          <kbd>${index + 1}</kbd> ${answer.text}
        </button>`,
      )}
    </p>
  </div>`;
}

/** Other trees to ask by. @param {import("../app.js").App} app @param {TreeRow[]} trees @param {TreeRow} chosen */
function others(app, trees, chosen) {
  return html`<p class="others">
    ${trees.filter((row) => row !== chosen).map((row) => html`<button class="link" @click=${() => app.intake.change({ tree: row.id, path: [] })}>${row.name}</button>`)}
  </p>`;
}

/** What is to be read to the caller now. @param {import("../app.js").App} app @param {import("../intake.js").Draft} draft */
function spoken(app, draft) {
  const said = instructionOf(app, draft);
  return said ? html`<p class="instruction">${said}</p>` : nothing;
}

/** The node to ask now, or null at the end. @param {TreeRow} row @param {import("../intake.js").Draft} draft */
function nodeOf(row, draft) {
  const last = draft.path.at(-1);
  if (!last) return row.nodes[0] ?? null;
  const from = row.nodes.find((node) => node.id === last.node);
  const next = from?.answers.find((answer) => answer.id === last.answer)?.next;
  return next ? (row.nodes.find((node) => node.id === next) ?? null) : null;
}

/** What the last answer says to read to the caller. @param {import("../app.js").App} app @param {import("../intake.js").Draft} draft */
function instructionOf(app, draft) {
  const last = draft.path.at(-1);
  const row = app.state.master.trees[draft.tree ?? ""];
  return row?.nodes.find((node) => node.id === last?.node)?.answers.find((answer) => answer.id === last?.answer)?.instruction ?? "";
}

/** @param {import("../app.js").App} app @param {import("../intake.js").Draft} draft @param {TreeRow} row @param {TreeNode} node @param {TreeAnswer} answer */
function choose(app, draft, row, node, answer) {
  const path = [...draft.path, { node: node.id, question: node.question, answer: answer.id, text: answer.text }];
  const keyword = app.state.master.keywords[answer.keyword ?? ""];
  app.intake.change({
    tree: row.id,
    path,
    prealarm: draft.prealarm || Boolean(answer.prealarm),
    ...(keyword ? { keyword: keyword.id, priority: answer.priority ?? keyword.priority } : answer.priority ? { priority: answer.priority } : {}),
  });
  if (keyword) showKeyword(keyword);
  stopGuide();
  app.draw();
  // On a low screen the next answers may lie below the edge.
  document.querySelector(".tree .answers")?.scrollIntoView({ block: "nearest" });
}

/** @param {import("../app.js").App} app @param {import("../intake.js").Draft} draft */
function back(app, draft) {
  stopGuide();
  app.intake.change({ path: draft.path.slice(0, -1) });
}

/** @param {import("../app.js").App} app @param {TreeNode} node */
function guideView(app, node) {
  if (!node.guide) return nothing;
  if (guide?.node !== node.id) {
    stopGuide();
    guide = { node: node.id, at: performance.now() };
    const beats = node.guide.metronome;
    if (beats) metronome = setInterval(() => app.sounds.play("beat"), 60_000 / beats);
  }
  return html`<div class="guide">
    <p class="beat">
      ${node.guide.metronome ? t("Takt {n}/min", { n: node.guide.metronome }) : nothing}
      <time>${duration((performance.now() - (guide?.at ?? 0)) / 1000)}</time>
    </p>
    <ol>${node.guide.lines.map((line) => html`<li>${line}</li>`)}</ol>
  </div>`;
}

function stopGuide() {
  clearInterval(metronome);
  guide = null;
}
