import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { onTestFinished, expect, test, vi } from "vitest";
import { aLog } from "../../../test/builders.ts";
import { temporaryFolder } from "../../../test/run-in-process.ts";
import { ServerSilent } from "./client.ts";
import { SentJobs } from "./sent-jobs.ts";

/** A server with these jobs at work, each of which ends when it has been cancelled so often. */
function aServer(jobs: Record<string, number>) {
  const asked: string[] = [];
  const server = { isSilent: false };
  const answer = (what: string): void => {
    if (server.isSilent) throw new ServerSilent("silent");
    asked.push(what);
  };
  return {
    server,
    asked,
    client: {
      cancel: async (id: string) => {
        answer(`cancel ${id}`);
        jobs[id] = (jobs[id] ?? 0) - 1;
      },
      queue: async () => ({ running: Object.keys(jobs).filter((id) => (jobs[id] ?? 0) > 0), waiting: [] }),
      forget: async (id: string) => answer(`forget ${id}`),
    },
  };
}

function open({ client }: ReturnType<typeof aServer>, path: string | null = null): SentJobs {
  const over = new AbortController();
  onTestFinished(() => over.abort());
  return new SentJobs({ client, path, everyMs: 1, log: aLog(), signal: over.signal });
}

test("a job that was given up is cancelled until the server has it no more, and then taken out of its history", async () => {
  const server = aServer({ a: 2 });
  const sent = open(server);
  await sent.expect("a");
  server.server.isSilent = true;
  sent.giveUp("a");
  await sent.clear();
  expect(server.asked).toEqual([]);
  server.server.isSilent = false;
  await sent.clear();
  expect(server.asked).toEqual(["cancel a", "cancel a", "forget a"]);
});

test("one that ended is taken out of the history and never cancelled", async () => {
  const server = aServer({ b: 1 });
  const sent = open(server);
  await sent.expect("a");
  await sent.over("a");
  await sent.clear();
  expect(server.asked).toEqual(["forget a"]);
});

test("what was open when this program was killed is given up at the next start, and what has ended since is not", async () => {
  const path = join(await temporaryFolder(), "jobs.json");
  const before = open(aServer({}), path);
  for (const id of ["a", "b", "c"]) await before.expect(id);
  await before.over("b");
  await before.replace("c", "d");
  const server = aServer({ a: 1, d: 1 });
  const after = open(server, path);
  await after.expect("e");
  await after.clear();
  expect(server.asked).toEqual(["cancel a", "forget a", "cancel d", "forget d"]);
  await vi.waitFor(async () => expect(JSON.parse(await readFile(path, "utf8"))).toEqual(["e"]));
});
