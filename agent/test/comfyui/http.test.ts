import type { FailureName } from "@star-graph/shared/agent-protocol";
import { describe, expect, onTestFinished, test } from "vitest";
import { ComfyClient, ServerSilent } from "../../src/engines/comfyui/client.ts";
import { Graph } from "../../src/engines/comfyui/graph.ts";
import { parseObjectInfo } from "../../src/engines/comfyui/object-info.ts";
import { problemsOf } from "../../src/engines/comfyui/validate-graph.ts";
import type { EngineError } from "../../src/engines/engine.ts";
import { aPng } from "../pictures.ts";
import { type Canned, startCanned } from "./canned-server.ts";
import { recordedObjectInfo, startReplay } from "./start-engine.ts";
import { ERRORS, readJson, readTranscript, type Row } from "./transcript.ts";

function clientOf(url: string): ComfyClient {
  const client = new ComfyClient(url);
  onTestFinished(() => client.close());
  return client;
}

const answerOf = (row: Row | undefined): Canned => ({ status: row?.status ?? 500, body: row?.body ?? row?.body_text ?? undefined });

/** Answers the rows of a recording one after the other, whatever is asked. */
async function inOrder(name: string) {
  const rows = readTranscript(name).filter(({ http }) => http !== undefined);
  const server = await startCanned(() => answerOf(rows.shift()));
  return clientOf(server.url);
}

/** Answers as the recording did to the same method and path. */
async function byPath(name: string) {
  const rows = readTranscript(name);
  const server = await startCanned(({ method, path }) => answerOf(rows.find(({ http }) => http === `${method} ${path}`)));
  return { client: clientOf(server.url), requests: server.requests };
}

describe("pictures are uploaded", () => {
  test("under the name that the server answers with: other content gets another name (upload_image)", async () => {
    const client = await inOrder("upload_image");
    const names: string[] = [];
    for (let upload = 0; upload < 7; upload++) names.push(await client.upload(aPng(2, 2), "rig_input.png"));
    expect(names).toEqual([
      "rig_input.png",
      "rig_input.png",
      "rig_input (1).png",
      "rig_input.png",
      "rig_input.png",
      "agent/rig_input.png",
      "junk.png",
    ]);
  });

  test("and one that is too large is nobody's to try again (upload_too_large)", async () => {
    const client = await inOrder("upload_too_large");
    await expect(client.upload(aPng(2, 2), "large.png")).rejects.toMatchObject({ failure: "INTERNAL", isRetryable: false });
  });
});

describe("odd answers (http_oddities)", () => {
  const ZERO = "00000000-0000-0000-0000-000000000000";
  const submission = { graph: {}, promptId: ZERO, clientId: "c", withPreviews: false };

  test("a body that the server cannot read is 500 and text, and an unknown one 400: both refuse the graph", async () => {
    const posts = readTranscript("http_oddities").filter(({ http }) => http === "POST /prompt");
    const server = await startCanned(() => answerOf(posts.shift()));
    const client = clientOf(server.url);
    await expect(client.submit(submission)).rejects.toMatchObject({ failure: "INTERNAL", isRetryable: true });
    await expect(client.submit(submission)).rejects.toMatchObject({ failure: "INTERNAL", isRetryable: false });
    await expect(client.submit(submission)).rejects.toMatchObject({ failure: "INTERNAL", isRetryable: true });
  });

  test("an unknown job, file, class and folder", async () => {
    const { client } = await byPath("http_oddities");
    expect(await client.history(ZERO)).toBeNull();
    expect(await client.view({ filename: "none.png", subfolder: "", type: "output" })).toBeNull();
    expect(await client.view({ filename: "../x.png", subfolder: "", type: "output" })).toBeNull();
    expect(await client.modelFiles("nosuch")).toEqual([]);
    expect(await client.modelFiles("checkpoints")).toEqual([
      "sd_xl_base_1.0.safetensors",
      "svd.safetensors",
      "v1-5-pruned-emaonly.safetensors",
    ]);
    expect(parseObjectInfo(readTranscript("http_oddities").find(({ http }) => http === "GET /object_info/NoSuchNode")?.body).size).toBe(0);
  });

  test("version, memory and the queue", async () => {
    const { client } = await byPath("http_oddities");
    expect(await client.stats()).toEqual({ version: "0.26.0", memoryBytes: 25_276_514_304, freeMemoryBytes: 21_733_793_792 });
    expect(await client.queue()).toEqual({ running: ["a314f640-c418-411e-bca0-e24258c73f3d"], waiting: [expect.any(String)] });
    await expect(client.freeMemory()).resolves.toBeUndefined();
  });

  test("no Origin is sent, for which the server answers 403; an answer that is none says that the server is silent", async () => {
    const refused = readTranscript("http_oddities").find(({ http, status }) => http === "GET /system_stats" && status === 403);
    const server = await startCanned(() => answerOf(refused));
    await expect(clientOf(server.url).stats()).rejects.toThrow(ServerSilent);
    await expect(clientOf("http://127.0.0.1:1").queue()).rejects.toThrow(ServerSilent);
  });

  test("a cancel that had no effect is no error, whatever the server can do", async () => {
    const id = "00000000-0000-4000-8000-000000000000";
    const modern = await byPath("http_oddities");
    await modern.client.cancel(id);
    expect(modern.requests).toEqual([`POST /api/jobs/${id}/cancel`]);
    const old = await startCanned(({ path }) =>
      path.startsWith("/api/") ? { status: 405 } : { status: 200, body: { queue_running: [], queue_pending: [] } },
    );
    const client = clientOf(old.url);
    await client.cancel(id);
    await client.cancel(id);
    // Not running: nobody is interrupted. That the server is old is asked once.
    expect(old.requests).toEqual([`POST /api/jobs/${id}/cancel`, "POST /queue", "GET /queue", "POST /queue", "GET /queue"]);
  });

  test("an owner's address may have a folder, a name and TLS", () => {
    const client = clientOf("https://box.example/comfy");
    expect(client.socketAddress("a b").url.href).toBe("wss://box.example/comfy/ws?clientId=a+b");
  });
});

test("no request waits behind others that a busy server does not answer", async () => {
  const server = await startReplay();
  const client = clientOf(server.url);
  const waiting = Array.from({ length: 30 }, (_, at) =>
    client.submit({ graph: {}, promptId: `${at}`, clientId: "c", withPreviews: false }),
  );
  for (const one of waiting) one.catch(() => {});
  await expect(client.stats()).resolves.toMatchObject({ version: "0.26.0" });
});

test("a job taken out of the history has none there (history_deleted)", async () => {
  const { client, requests } = await byPath("history_deleted");
  const id = "97d48dea-e79a-4f81-98be-636d303cafdd";
  await client.forget(id);
  expect(await client.history(id)).toBeNull();
  expect(requests).toEqual(["POST /history", `GET /history/${id}`]);
});

/** What each refused graph means for its task, and whether it is found before it is sent. */
const REFUSALS: Readonly<Record<string, { failure: FailureName; isRetryable: boolean; isFound: boolean } | null>> = {
  bad_sampler_and_scheduler: { failure: "INTERNAL", isRetryable: false, isFound: true },
  empty_graph: { failure: "INTERNAL", isRetryable: false, isFound: true },
  // Accepted by the server, which makes whole numbers of it without a word.
  float_for_int_and_numeric_string: null,
  image_not_uploaded: { failure: "INTERNAL", isRetryable: true, isFound: false },
  image_path_escape: { failure: "INTERNAL", isRetryable: true, isFound: false },
  link_of_wrong_type: { failure: "INTERNAL", isRetryable: false, isFound: true },
  link_to_absent_node: { failure: "INTERNAL", isRetryable: false, isFound: true },
  missing_node_class: { failure: "INTERNAL", isRetryable: true, isFound: true },
  negative_seed: { failure: "INTERNAL", isRetryable: false, isFound: true },
  no_class_type: { failure: "INTERNAL", isRetryable: true, isFound: true },
  no_outputs: { failure: "INTERNAL", isRetryable: false, isFound: true },
  one_of_two_outputs_invalid_is_still_200: { failure: "INTERNAL", isRetryable: false, isFound: true },
  prompt_id_not_uuid: { failure: "INTERNAL", isRetryable: false, isFound: false },
  required_input_missing: { failure: "INTERNAL", isRetryable: false, isFound: true },
  unknown_checkpoint: { failure: "MODEL_LOAD_FAILED", isRetryable: true, isFound: true },
  unknown_upscaler: { failure: "MODEL_LOAD_FAILED", isRetryable: true, isFound: true },
  value_of_wrong_type: { failure: "INTERNAL", isRetryable: false, isFound: true },
  value_out_of_range: { failure: "INTERNAL", isRetryable: false, isFound: true },
};

test("every recorded refusal is used", () => {
  expect(Object.keys(REFUSALS).toSorted()).toEqual(ERRORS.toSorted());
});

interface Recorded {
  request: { prompt: Record<string, { class_type?: string; inputs: Record<string, unknown> }> };
  status: number;
  body: unknown;
}

test.each(Object.entries(REFUSALS))("a graph refused: %s", async (name, expected) => {
  const { request, status, body } = readJson(`errors/${name}.json`) as Recorded;
  const server = await startCanned(() => ({ status, body }));
  const submitted = clientOf(server.url).submit({ graph: {}, promptId: "an-id", clientId: "c", withPreviews: false });
  const outcome = await submitted.then(
    () => null,
    (error: EngineError) => ({
      failure: error.failure,
      isRetryable: error.isRetryable,
      hasLeaked: /passwd|COMFYUI|\[/.test(error.message),
    }),
  );
  const refusal = expected && { failure: expected.failure, isRetryable: expected.isRetryable, hasLeaked: false };
  expect(outcome).toEqual(refusal);
  const graph = Graph.safeParse(request.prompt);
  const problems = graph.success ? problemsOf(graph.data, parseObjectInfo(recordedObjectInfo())) : ["no class"];
  expect(problems.length > 0).toBe(expected?.isFound ?? true);
});
