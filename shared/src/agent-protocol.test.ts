import { describe, expect, test } from "vitest";
import { MAX_FRAME_BYTES, parseAgentFrame, parseEdgeFrame, PING_FRAME, PONG_FRAME, PROTOCOL_VERSION } from "./agent-protocol.ts";

const SUM = "0f".repeat(32);

/** Frames as agents of version 1 send them. Never changed: agents in the field are not updated with the edge. */
const AGENT_V1 = [
  '{"type":"hello","protocol":1,"agent":{"id":"a1b2c3d4","name":"box","version":"0.1.0"},"capabilities":{"slots":2,"models":[{"name":"stable-diffusion-xl-base-1.0","types":["TEXT2IMG"],"engine":"stargraph-scene","servedAs":"stargraph-scene","maxPixels":4194304}]},"running":["a-1"],"finished":[]}',
  '{"type":"hello","protocol":1,"agent":{"id":"a1b2c3d4","name":"","version":"0.1.0"},"capabilities":{"slots":1,"models":[]},"running":[],"finished":[]}',
  '{"type":"ready","freeSlots":2}',
  '{"type":"accepted","attemptId":"a-1"}',
  '{"type":"rejected","attemptId":"a-1","reason":"no free slot"}',
  '{"type":"progress","attemptId":"a-1","phase":"sampling","step":3,"totalSteps":30}',
  `{"type":"completed","attemptId":"a-1","files":[{"index":0,"sha256":"${SUM}"}],"servedBy":{"engine":"stargraph-scene","model":"stargraph-scene"},"notes":["未识别的词: foo"]}`,
  '{"type":"failed","attemptId":"a-1","error":"MODEL_LOAD_FAILED","message":"no file","retryable":true}',
  '{"type":"stopped","attemptId":"a-1"}',
  '{"type":"bye","reason":"stopped by its owner"}',
  '{"type":"capabilities","capabilities":{"slots":2,"models":[{"name":"sd15","types":["TEXT2IMG","POSE"],"engine":"comfyui","maxFrames":64,"features":["pose:OPENPOSE"],"megaWorkPerSecond":{"TEXT2IMG":9.5}}],"gpus":[{"name":"RTX 4090","memoryBytes":25757220864}],"ownTasks":"first"}}',
  '{"type":"capabilities","capabilities":{"slots":2,"models":[{"name":"sd15","types":["TEXT2IMG"],"engine":"comfyui","memoryBytes":8589934592,"engines":[0]},{"name":"sd15","types":["TEXT2IMG"],"engine":"comfyui","memoryBytes":25769803776,"engines":[1]}]}}',
  '{"type":"ready","freeSlots":1,"freeByEngine":[0,1]}',
  '{"type":"status","status":{"residentModels":["sd15"],"restingBecause":"paused by its owner","freeMemoryBytes":1048576,"temperatureCelsius":71.5}}',
  '{"type":"status","status":{"residentModels":[]}}',
  PING_FRAME,
];

/** Frames as the edge of version 1 sends them. */
const EDGE_V1 = [
  '{"type":"welcome","protocol":1,"timings":{"pingMs":10000,"leaseMs":30000,"graceMs":30000,"progressMs":500},"maxResultBytes":99614720}',
  '{"type":"offer","attemptId":"a-1","task":{"type":"TEXT2IMG","parameters":{"prompt":"一只可爱的猫咪","negativePrompt":"","modelName":"stable-diffusion-xl-base-1.0","width":1024,"height":1024,"steps":30,"cfgScale":7.5,"seed":7,"sampler":"euler","scheduler":"normal","denoise":1,"batchSize":1}},"upload":{"url":"http://127.0.0.1:8787/agent/v1/attempts/a-1/files","grant":"x.y.z"}}',
  '{"type":"offer","attemptId":"a-1","task":{"type":"TEXT2IMG","parameters":{"prompt":"一只可爱的猫咪","negativePrompt":"","modelName":"stable-diffusion-xl-base-1.0","width":1024,"height":1024,"steps":30,"cfgScale":7.5,"seed":7,"sampler":"euler","scheduler":"normal","denoise":1,"batchSize":1}},"inputs":[],"memoryBytes":12884901888,"upload":{"url":"http://127.0.0.1:8787/agent/v1/attempts/a-1/files","grant":"x.y.z"}}',
  '{"type":"cancel","attemptId":"a-1"}',
  '{"type":"ack","attemptId":"a-1","outcome":"recorded"}',
  '{"type":"ack","attemptId":"a-1","outcome":"refused"}',
  '{"type":"drain"}',
  '{"type":"watch","attemptId":"a-1","watching":true}',
  '{"type":"standing","state":"quarantined","idleBecause":"four tasks in a row failed","waitingTasks":12,"earnedToday":40}',
  '{"type":"standing","state":"serving","waitingTasks":0}',
  '{"type":"error","code":"PROTOCOL_VERSION","message":"install the current agent"}',
  PONG_FRAME,
];

describe("a recorded frame of version 1", () => {
  test("belongs to the version that is spoken", () => {
    expect(PROTOCOL_VERSION).toBe(1);
  });

  test.each(AGENT_V1)("of an agent keeps its meaning: %s", (frame) => {
    expect(parseAgentFrame(frame)).toEqual({ kind: "message", message: JSON.parse(frame) });
  });

  test.each(EDGE_V1)("of the edge keeps its meaning: %s", (frame) => {
    // Offers of before there were input pictures are read as having none.
    const message = frame.startsWith('{"type":"offer"') ? { inputs: [], ...JSON.parse(frame) } : JSON.parse(frame);
    expect(parseEdgeFrame(frame)).toEqual({ kind: "message", message });
  });
});

describe("a frame of a newer peer", () => {
  test("of an unknown type is ignored, also one that only the other side sends", () => {
    expect(parseAgentFrame('{"type":"telemetry","load":1}')).toEqual({ kind: "unknown", messageType: "telemetry" });
    expect(parseAgentFrame('{"type":"drain"}')).toEqual({ kind: "unknown", messageType: "drain" });
    expect(parseEdgeFrame('{"type":"ready","freeSlots":1}')).toEqual({ kind: "unknown", messageType: "ready" });
  });

  test("with unknown fields is read without them", () => {
    expect(parseAgentFrame('{"type":"ready","freeSlots":1,"gpu":"H200"}')).toEqual({
      kind: "message",
      message: { type: "ready", freeSlots: 1 },
    });
  });
});

describe("a broken frame", () => {
  test.each([
    ["", "not JSON"],
    ["{", "not JSON"],
    ["null", "no message type"],
    ["[]", "no message type"],
    ['"ready"', "no message type"],
    ['{"type":7}', "no message type"],
    ['{"type":"ready"}', "ready.freeSlots: "],
    ['{"type":"ready","freeSlots":-1}', "ready.freeSlots: "],
    ['{"type":"ready","freeSlots":1.5}', "ready.freeSlots: "],
    ['{"type":"accepted","attemptId":""}', "accepted.attemptId: "],
    ['{"type":"progress","attemptId":"a","phase":"dreaming","step":1,"totalSteps":2}', "progress.phase: "],
    [`{"type":"completed","attemptId":"a","files":[],"servedBy":{"engine":"e","model":"m"},"notes":[]}`, "completed.files: "],
    [
      `{"type":"completed","attemptId":"a","files":[{"index":0,"sha256":"${SUM.toUpperCase()}"}],"servedBy":{"engine":"e","model":"m"},"notes":[]}`,
      "completed.files.0.sha256: ",
    ],
    ['{"type":"failed","attemptId":"a","error":"E001","message":"","retryable":true}', "failed.error: "],
    [
      '{"type":"hello","protocol":1,"agent":{"id":"../../etc","name":"","version":""},"capabilities":{"slots":1,"models":[]},"running":[],"finished":[]}',
      "hello.agent.id: ",
    ],
  ])("is named for what is wrong: %s", (frame, reason) => {
    expect(parseAgentFrame(frame)).toEqual({ kind: "broken", reason: expect.stringContaining(reason) });
  });

  test("is one that is too large, before it is even read", () => {
    expect(parseAgentFrame("x".repeat(MAX_FRAME_BYTES + 1))).toEqual({ kind: "broken", reason: "frame too large" });
  });
});
