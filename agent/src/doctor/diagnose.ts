import { PROTOCOL_VERSION } from "@star-graph/shared/agent-protocol";
import { TaskType } from "@star-graph/shared/task";
import { formatMemory } from "@star-graph/shared/gpu-memory";
import { DEFAULT_MODELS } from "@star-graph/shared/rest/generate";
import { formatBytes } from "../config/units.ts";
import { limitModels } from "../owner-limits.ts";
import type { Facts } from "./facts.ts";
import { lackingFor, revivalOf } from "./what-it-takes.ts";

export interface Finding {
  /** `bad` keeps the agent from earning; `note` is worth knowing. */
  level: "ok" | "note" | "bad";
  subject: string;
  text: string;
  /** What to do about it. */
  advice?: string;
}

/** A clock may be this far off before anything minds: grants and tokens live for minutes. */
const MAX_SKEW_MS = 60_000;

/** What the facts mean, in the order in which an owner would mend it. */
export function diagnose(facts: Facts): Finding[] {
  return [
    { level: "ok", subject: "node", text: facts.nodeVersion },
    ofKey(facts),
    ...ofEdge(facts),
    ...ofDisk(facts),
    ofMemory(facts),
    ...ofGpus(facts),
    ...ofEngines(facts),
    ...TaskType.options.map((type) => ofType(facts, type)),
    ...ofNames(facts),
  ];
}

/** Whether it could serve something: the exit code of the command. */
export function canServe(facts: Facts): boolean {
  const findings = diagnose(facts);
  const hasType = TaskType.options.some((type) => offered(facts).some(({ types }) => types.includes(type)));
  return hasType && findings.every(({ level }) => level !== "bad");
}

function ofKey({ hasKey, line }: Facts): Finding {
  if (!hasKey) {
    const advice = "Make one at the edge (POST /api/v1/resources/agent-keys), then give it with --key, STARGRAPH_KEY or --key-file";
    return { level: "bad", subject: "key", text: "there is none", advice };
  }
  switch (line.kind) {
    case "open":
      return { level: "ok", subject: "key", text: "the edge takes it" };
    case "refused":
      return { level: "bad", subject: "key", text: line.reason };
    case "lost":
    case "not-tried":
      return { level: "note", subject: "key", text: "there is one; the edge could not be asked about it" };
  }
}

function ofEdge({ edge, line }: Facts): Finding[] {
  if (!edge) return [{ level: "bad", subject: "edge", text: "no address is known", advice: "Give it with --edge or STARGRAPH_EDGE" }];
  const { address, answer } = edge;
  switch (answer.kind) {
    case "down": {
      const advice = "Check the address, and whether this machine needs a proxy (HTTPS_PROXY) or an authority of its own (--ca-file)";
      return [{ level: "bad", subject: "edge", text: `${address} does not answer: ${answer.reason}`, advice }];
    }
    case "other": {
      const text = `${address} answers ${answer.status}, as no edge does`;
      return [{ level: "bad", subject: "edge", text, advice: "Check --edge" }];
    }
    case "up": {
      const up: Finding = { level: "ok", subject: "edge", text: `${address} answers in ${Math.round(answer.tookMs)} ms` };
      const lost: Finding[] = line.kind === "lost" ? [{ level: "bad", subject: "line", text: `no WebSocket: ${line.reason}` }] : [];
      return [up, ...lost, ofProtocol(answer.protocols), ofClock(answer.skewMs)];
    }
  }
}

function ofProtocol(protocols: { oldest: number; newest: number } | null): Finding {
  const subject = "protocol";
  if (protocols === null)
    return { level: "note", subject, text: `this agent speaks version ${PROTOCOL_VERSION}; the edge does not say which it takes` };
  const { oldest, newest } = protocols;
  const range = oldest === newest ? `version ${newest}` : `versions ${oldest} to ${newest}`;
  if (PROTOCOL_VERSION < oldest) {
    const text = `this agent speaks version ${PROTOCOL_VERSION}, and the edge takes ${range}`;
    return { level: "bad", subject, text, advice: "Update the agent: npx stargraph-agent@latest" };
  }
  if (PROTOCOL_VERSION > newest) {
    const text = `this agent speaks version ${PROTOCOL_VERSION}, and the edge only ${range}`;
    return { level: "bad", subject, text, advice: "The edge is older than this agent: install an earlier version of the agent" };
  }
  return { level: "ok", subject, text: `version ${PROTOCOL_VERSION}, which the edge takes` };
}

function ofClock(skewMs: number | null): Finding {
  if (skewMs === null) return { level: "note", subject: "clock", text: "the edge does not tell the time" };
  const seconds = Math.round(Math.abs(skewMs) / 1000);
  if (Math.abs(skewMs) <= MAX_SKEW_MS) return { level: "ok", subject: "clock", text: `within ${Math.max(1, seconds)} s of the edge's` };
  const text = `${seconds} s ${skewMs > 0 ? "ahead of" : "behind"} the edge's; tasks run all the same`;
  return { level: "note", subject: "clock", text, advice: "Have the system set it (NTP): log lines and pauses go by it" };
}

function ofDisk({ disk, stateFolder, rules, runningPid }: Facts): Finding[] {
  const running: Finding[] =
    runningPid === null ? [] : [{ level: "note", subject: "agent", text: `runs already, as process ${runningPid}` }];
  if (!disk.isWritable) {
    const text = `${stateFolder} cannot be written`;
    return [...running, { level: "bad", subject: "disk", text, advice: "Make it writable, or choose another with --state" }];
  }
  const free = disk.freeBytes === null ? "writable" : `${formatBytes(disk.freeBytes)} free`;
  const isFull = disk.freeBytes !== null && disk.freeBytes < rules.minFreeDiskBytes;
  const text = `${free} at ${stateFolder}`;
  return [
    ...running,
    isFull
      ? { level: "bad", subject: "disk", text, advice: "Make room: --min-disk is more than that" }
      : { level: "ok", subject: "disk", text },
  ];
}

function ofMemory({ freeMemoryBytes, rules }: Facts): Finding {
  const text = `${formatBytes(freeMemoryBytes)} free`;
  if (freeMemoryBytes >= rules.minFreeMemoryBytes) return { level: "ok", subject: "memory", text };
  return { level: "bad", subject: "memory", text, advice: "Close something: --min-memory is more than that" };
}

function ofGpus({ gpus }: Facts): Finding[] {
  if (gpus.length === 0) {
    return [{ level: "note", subject: "gpu", text: "none that nvidia-smi, rocm-smi or the system knows; the built-in engine needs none" }];
  }
  return gpus.map(({ name, memoryBytes, freeMemoryBytes, temperatureCelsius }) => {
    const free = freeMemoryBytes === null ? "" : `${formatMemory(freeMemoryBytes)} free of `;
    const heat = temperatureCelsius === null ? "" : `, ${temperatureCelsius} °C`;
    return { level: "ok", subject: "gpu", text: `${name}, ${free}${formatMemory(memoryBytes)}${heat}` };
  });
}

function ofEngines({ engines, enginesTrouble, leftOut, unused }: Facts): Finding[] {
  const trouble: Finding[] = enginesTrouble === null ? [] : [{ level: "bad", subject: "engine", text: enginesTrouble }];
  const own = engines.map(({ name, health, models }): Finding => {
    if (!health.isReady) {
      const advice = revivalOf(name);
      return { level: "bad", subject: "engine", text: `${name}: ${health.reason}`, ...(advice !== undefined && { advice }) };
    }
    const what = models.length === 0 ? "answers, and has no model" : `${models.length} ${models.length === 1 ? "model" : "models"}`;
    return { level: models.length === 0 ? "bad" : "ok", subject: "engine", text: `${name}: ${what}` };
  });
  const lacking = leftOut.map((text): Finding => ({ level: "note", subject: "engine", text }));
  const others = unused.map(({ name, engine, address, hasApi }): Finding => {
    const text = `${name} answers at ${address}${hasApi ? ", and this agent is not told to use it" : ", without its API"}`;
    return {
      level: "note",
      subject: "engine",
      text,
      advice: hasApi
        ? `To draw with it: --engine ${engine}, or list it under engines in the config file`
        : "To draw with it, start it with --api",
    };
  });
  return [...trouble, ...own, ...lacking, ...others];
}

const offered = ({ engines, limits }: Facts) =>
  limitModels(
    engines.flatMap(({ models }) => models),
    limits,
  );

/** Why this machine can, or cannot, run one type of task. */
function ofType(facts: Facts, type: TaskType): Finding {
  const able = offered(facts).filter(({ types }) => types.includes(type));
  const subject = type;
  if (able.length > 0) {
    const names = able.slice(0, 3).map(({ name }) => name);
    const more = able.length > names.length ? ` and ${able.length - names.length} more` : "";
    return { level: "ok", subject, text: `yes, with ${names.join(", ")}${more}` };
  }
  return { level: "note", subject, text: `no: ${whyNot(facts, type)}` };
}

function whyNot({ engines, enginesTrouble, limits }: Facts, type: TaskType): string {
  if (limits.types && !limits.types.includes(type)) return "--types leaves it out";
  const [model] = engines.flatMap(({ models }) => models).filter(({ types }) => types.includes(type));
  if (model) return `--models leaves out ${model.name} and all others that could`;
  if (engines.length === 0) return enginesTrouble === null ? "there is no engine" : "no engine could be opened";
  if (engines.every(({ health }) => !health.isReady)) return "no engine answers";
  const reasons = engines.map(({ name, health }) => (health.isReady ? lackingFor(name, type) : `${name} does not answer`));
  return [...new Set(reasons)].join("; ");
}

/** An agent whose models nobody asks for by those names would wait for ever, and find nothing wrong. */
function ofNames(facts: Facts): Finding[] {
  const names = new Set(offered(facts).map(({ name }) => name));
  const wanted = Object.values(DEFAULT_MODELS);
  if (names.size === 0 || wanted.some((name) => names.has(name))) return [];
  const text = `only who asks for ${[...names].slice(0, 3).join(", ")} by name is drawn for here`;
  return [
    {
      level: "note",
      subject: "names",
      text,
      advice: `Most ask for ${wanted[0]} and the like: see --map-model, or mappedModels in the config file`,
    },
  ];
}
