import { formatTime } from "../commands/describe-status.ts";
import { formatMemory } from "@star-graph/shared/gpu-memory";
import { type AgentState, describeState } from "../control/describe-state.ts";
import type { ControlStatus } from "../control/messages.ts";

/** The page loads nothing and runs nothing: its style is all that is allowed. */
export const PAGE_POLICY = "default-src 'none'; style-src 'unsafe-inline'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'";

const STYLE = `
:root { color-scheme: light dark; --text: light-dark(#1c2024, #e8eaed); --faint: light-dark(#626b76, #9aa3ae); --line: light-dark(#dfe3e8, #2f353d);
  --card: light-dark(#fff, #1b1f24); --back: light-dark(#f4f6f8, #121519); --well: light-dark(#18794e, #3dd68c); --waiting: light-dark(#ab6400, #ffb224); --bad: light-dark(#ce2c31, #ff6369); }
* { box-sizing: border-box; margin: 0; }
body { background: var(--back); color: var(--text); font: 15px/1.5 system-ui, sans-serif; font-variant-numeric: tabular-nums; padding: 2rem 1rem; }
main { max-width: 46rem; margin: 0 auto; display: grid; gap: 1rem; }
h1 { font-size: 1.3rem; overflow-wrap: anywhere; } h2 { font-size: .8rem; color: var(--faint); font-weight: 600; margin-bottom: .4rem; }
section, header { background: var(--card); border: 1px solid var(--line); border-radius: 10px; padding: 1rem 1.2rem; }
.well { color: var(--well); } .waiting { color: var(--waiting); } .bad { color: var(--bad); }
.faint, footer { color: var(--faint); } a { color: inherit; }
dl { display: grid; grid-template-columns: repeat(auto-fit, minmax(7.5rem, 1fr)); gap: 1rem; }
dt { color: var(--faint); font-size: .8rem; } dd { font-size: 1.5rem; font-weight: 600; }
li { list-style: none; padding: .45rem 0; border-top: 1px solid var(--line); overflow-wrap: anywhere; } li:first-child { border: 0; padding-top: 0; } ul { padding: 0; }
.row { display: flex; flex-wrap: wrap; justify-content: space-between; column-gap: 1rem; }
progress, meter { width: 100%; height: .5rem; margin-top: .3rem; } progress { accent-color: var(--well); }
footer { font-size: .8rem; display: flex; flex-wrap: wrap; gap: .3rem 1rem; padding: 0 .3rem; overflow-wrap: anywhere; }
`;

/** How the agent is, for a browser; it asks anew by itself. */
export function writePage(status: ControlStatus): string {
  const { mood, text } = describeState(status);
  return `<!doctype html>
<html lang="en">
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta http-equiv="refresh" content="3">
<title>${MARKS[mood]} ${escapeHtml(`${status.name}: ${text}`)}</title>
<style>${STYLE}</style>
<main>
<header><h1><span class="${mood}">●</span> ${escapeHtml(status.name)}</h1><p class="${mood}">${escapeHtml(text)}</p></header>
<section><dl>${figures(status)
    .map(([name, value]) => `<div><dt>${name}</dt><dd>${value}</dd></div>`)
    .join("")}</dl></section>
${list("Running", status.running.map(ofTask))}${list("Engines", status.engines.map(ofEngine))}${list("GPUs", status.gpus.map(ofGpu))}
<footer><span>stargraph-agent ${escapeHtml(status.version)}, process ${status.pid}, up ${formatTime(status.upMs)}</span><span>${escapeHtml(status.edge)}</span><span><a href="/status">/status</a> <a href="/metrics">/metrics</a></span></footer>
</main>
</html>
`;
}

/** In the title, so that a tab among others tells it. */
const MARKS: Readonly<Record<AgentState["mood"], string>> = { well: "●", waiting: "○", bad: "✗" };

function figures({ earnedToday, waitingTasks, drawn, failed, undelivered }: ControlStatus): [string, number][] {
  return [
    ...(earnedToday === null ? [] : [["credits today", earnedToday] satisfies [string, number]]),
    ...(waitingTasks === null ? [] : [["tasks waiting", waitingTasks] satisfies [string, number]]),
    ["drawn", drawn],
    ["failed", failed],
    ["to deliver", undelivered],
  ];
}

const list = (title: string, items: readonly string[]): string =>
  items.length === 0 ? "" : `<section><h2>${title}</h2><ul>${items.map((item) => `<li>${item}</li>`).join("")}</ul></section>\n`;

const row = (left: string, right: string): string =>
  `<div class="row"><span>${escapeHtml(left)}</span><span class="faint">${escapeHtml(right)}</span></div>`;

function ofTask({ type, model, engine, phase, step, totalSteps, elapsedMs }: ControlStatus["running"][number]): string {
  const hasSteps = totalSteps > 1;
  const far = phase === null ? "starting" : hasSteps ? `${phase} ${step} of ${totalSteps}` : phase;
  // Without a value it says that it does not know.
  const bar = hasSteps ? `<progress max="${totalSteps}" value="${step}"></progress>` : "<progress></progress>";
  return `${row(`${type} with ${model} on ${engine}`, `${far}, ${formatTime(elapsedMs)}`)}${bar}`;
}

function ofEngine({ name, models, resident }: ControlStatus["engines"][number]): string {
  const inMemory = resident.length === 0 ? "" : `in memory: ${resident.join(", ")}`;
  const all = models.length === 0 ? "nothing it could run now" : models.join(", ");
  return `${row(name, inMemory)}<div class="faint">${escapeHtml(all)}</div>`;
}

function ofGpu({ name, memoryBytes, freeMemoryBytes, temperatureCelsius }: ControlStatus["gpus"][number]): string {
  const heat = temperatureCelsius === null ? "" : `, ${temperatureCelsius} °C`;
  if (freeMemoryBytes === null) return row(name, `${formatMemory(memoryBytes)}${heat}`);
  const used = Math.max(0, memoryBytes - freeMemoryBytes);
  const meter = `<meter max="${memoryBytes}" value="${used}"></meter>`;
  return `${row(name, `${formatMemory(used)} of ${formatMemory(memoryBytes)} used${heat}`)}${meter}`;
}

const ENTITIES: Readonly<Record<string, string>> = { "&": "&amp;", "<": "&lt;", ">": "&gt;", '"': "&quot;", "'": "&#39;" };
const escapeHtml = (text: string): string => text.replaceAll(/[&<>"']/g, (character) => ENTITIES[character] ?? "");
