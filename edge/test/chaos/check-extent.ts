import type { Plan } from "./plan.ts";
import type { Counts, Tally } from "./tally.ts";

/** Shares of what was planned. A run in which next to nothing was accepted, ended or hurt proves nothing. */
const LEAST = { accepted: 0.5, completed: 0.2, toldByStomp: 0.5 };
/** What attempts may leave to the sweep of files: those that died over their files. */
const mostLeft = (tasks: number): number => 2 + 0.05 * tasks;

/** Of a short run, rates are too low for each kind of fault to come up for certain; a whole one has thousands of calls. */
const RATED = [
  "database: failed before",
  "database: failed after",
  "database: slow",
  "files: failed before",
  "files: failed after",
  "files: slow",
  "calls: failed before",
  "calls: failed after",
  "calls: slow",
  "network: request lost",
  "network: answer lost",
  "network: slow",
  "frame: delayed",
  "frame: duplicated",
  "frame: reordered",
];
const WHOLE_RUN_TASKS = 200;

/** That the run was one: tasks came through it, every kind of blow that was planned fell, and the sweep of files had little to find. */
export function checkExtent(tally: Tally, { users, blows }: Plan, counts: Counts): void {
  const planned = users.flatMap((user) => user.tasks);
  const isWhole = planned.length >= WHOLE_RUN_TASKS;
  const atLeast = (what: string, share: number) =>
    tally.check(counts.get(what) >= share * planned.length, `too few ${what}: ${counts.get(what)} of ${planned.length} planned`);
  atLeast("(tasks accepted)", LEAST.accepted);
  atLeast("(tasks COMPLETED)", LEAST.completed);
  atLeast("(ends told by STOMP)", LEAST.toldByStomp);
  if (isWhole) tally.check(counts.get("(tasks CANCELLED)") > 0, "no task was cancelled");
  const kinds: Record<string, string> = {
    "kill an agent": "agent: killed and started again",
    "kill the edge": "edge: killed and started again",
    "cut the agents' sockets": "socket of an agent: cut",
    "cut the clients' sockets": "socket of a client: cut",
    "take the database down": "database: down",
    "crash a UserHub": "UserHub: crashed",
  };
  const fallen = blows.map((blow) =>
    blow.kind === "crash the Dispatcher"
      ? blow.losesStorage
        ? "Dispatcher: crashed, storage lost"
        : "Dispatcher: crashed"
      : kinds[blow.kind],
  );
  const missing = [...new Set(fallen), ...(isWhole ? RATED : [])].filter((kind) => kind === undefined || counts.get(kind) === 0);
  // A short run has one blow of a kind, which may fall while its victim is down from another.
  tally.check(missing.length <= (isWhole ? 0 : 2), `never happened: ${missing.join(", ")}`);
  // What an attempt leaves goes with it: the sweep, which would hide that it does not, has next to nothing to find.
  const found = counts.get("(files of nobody that the sweep found)");
  tally.check(found <= mostLeft(planned.length), `the sweep found ${found} files of nobody`);
}
