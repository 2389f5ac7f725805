import { join, resolve } from "node:path";
import { expect, test } from "vitest";
import { parseCommandLine } from "./command-line.ts";
import { readConfig, type Surroundings, withEdgeAndKey } from "./read-config.ts";

const KEY = "sgk_0123456789";
const NEEDED = ["--edge", "https://edge.example", "--key", KEY];
const HOME = resolve("/home/somebody");
const FILE = join(HOME, ".stargraph-agent", "config.yaml");

function around(env: NodeJS.ProcessEnv = {}, files: Record<string, string | { text: string; isOpenToOthers: boolean }> = {}): Surroundings {
  return {
    env,
    home: HOME,
    hostName: "box-7",
    readText(path) {
      const file = files[path];
      return file === undefined ? null : typeof file === "string" ? { text: file, isOpenToOthers: false } : file;
    },
  };
}
const read = (argv: readonly string[], surroundings = around()) => withEdgeAndKey(readConfig(parseCommandLine(argv), surroundings));
const readFile = (text: string, argv: readonly string[] = [], env: NodeJS.ProcessEnv = {}) => read(argv, around(env, { [FILE]: text }));

test("fills in what was not said", () => {
  expect(read(NEEDED)).toEqual({
    edge: new URL("https://edge.example"),
    key: KEY,
    name: "box-7",
    stateFolder: join(HOME, ".stargraph-agent"),
    engines: [{ engine: "built-in", slots: 1, mappedModels: [] }],
    isEngineChosen: false,
    log: "text",
    limits: { types: null, models: null, maxPixels: null, ownTasks: "any", refusedWords: [] },
    rest: {
      hours: [],
      isIdleOnly: false,
      coolDownMs: 300_000,
      maxTemperatureCelsius: 87,
      minFreeDiskBytes: 1e9,
      minFreeMemoryBytes: 250e6,
      freeAfterMs: 600_000,
    },
    inputCacheBytes: 512e6,
    statusPort: null,
    stopWithinMs: 30_000,
    extraAuthorities: null,
    proxy: null,
  });
});

test("reads flags", () => {
  const flags = ["--name", "box", "--slots", "4", "--state", "s", "--map-model", "a, b", "--map-model", "c,a,", "--log", "json"];
  const limits = ["--types", "TEXT2IMG,POSE", "--max-pixels", "1048576", "--own-tasks", "first", "--refuse-words", "gore"];
  const rest = ["--hours", "22:00-07:00", "--idle-only", "--cool-down", "90s", "--min-disk", "5GB", "--max-temperature", "80"];
  expect(read(["run", ...NEEDED, ...flags, ...limits, ...rest])).toMatchObject({
    name: "box",
    stateFolder: resolve("s"),
    engines: [{ slots: 4, mappedModels: ["a", "b", "c", "a"].map((name) => ({ name, types: null })) }],
    log: "json",
    limits: { types: ["TEXT2IMG", "POSE"], maxPixels: 1048576, ownTasks: "first", refusedWords: ["gore"] },
    rest: { hours: [{ fromMinute: 1320, toMinute: 420 }], isIdleOnly: true, coolDownMs: 90_000, minFreeDiskBytes: 5e9 },
  });
});

test("a mapped name may say for which types it is offered", () => {
  expect(read([...NEEDED, "--map-model", "sd:TEXT2IMG+POSE,flux:dev"])).toMatchObject({
    engines: [
      {
        mappedModels: [
          { name: "sd", types: ["TEXT2IMG", "POSE"] },
          { name: "flux:dev", types: null },
        ],
      },
    ],
  });
});

test("a flag wins over its variable, that over the file; an empty variable is absent", () => {
  const file = `edge: http://in-file\nkey: ${KEY}\nslots: 3\nstate: state\n`;
  expect(readFile(file)).toMatchObject({ edge: new URL("http://in-file"), engines: [{ slots: 3 }] });
  // A path in the file is meant from where the file is.
  expect(readFile(file).stateFolder).toBe(join(HOME, ".stargraph-agent", "state"));
  const env = { STARGRAPH_EDGE: "http://in-env", STARGRAPH_AGENT_STATE: "", STARGRAPH_SLOTS: "2" };
  expect(readFile(file, [], env)).toMatchObject({ edge: new URL("http://in-env"), key: KEY, engines: [{ slots: 2 }] });
  expect(readFile(file, ["--edge", "http://flag"], env)).toMatchObject({ edge: new URL("http://flag") });
});

test("the file may be JSON, and lists engines with what each one needs", () => {
  const engines = [{ engine: "built-in", slots: 2, mappedModels: [{ name: "sd", types: ["TEXT2IMG"] }] }];
  const json = JSON.stringify({ edge: "http://a", key: KEY, engines, "idle-only": true, "max-pixels": 4_000_000 }, null, 2);
  expect(readFile(json)).toMatchObject({ engines, rest: { isIdleOnly: true }, limits: { maxPixels: 4_000_000 } });
  expect(readFile(json, ["--engine", "built-in"])).toMatchObject({ engines: [{ engine: "built-in", slots: 1 }] });
});

test("a key file that is named nearer than a key wins over it, and a key over a key file", () => {
  const other = `${KEY}-other`;
  const files = { [resolve("key.txt")]: KEY, [resolve("s.yaml")]: `edge: http://a\nkey: ${other}\n` };
  expect(read(["--config", "s.yaml", "--key-file", "key.txt"], around({}, files)).key).toBe(KEY);
  expect(read(["--config", "s.yaml"], around({ STARGRAPH_KEY_FILE: "key.txt" }, files)).key).toBe(KEY);
  expect(read(["--edge", "http://a", "--key", other], around({ STARGRAPH_KEY_FILE: "key.txt" }, files)).key).toBe(other);
});

test("a path in the file may begin with ~, which is the owner's home", () => {
  expect(readFile(`edge: http://a\nkey: ${KEY}\nstate: ~/box\n`).stateFolder).toBe(join(HOME, "box"));
});

test.each([
  ["slots: 2", [], "s.yaml:4: slots"],
  ["", ["--slots", "2"], "--slots"],
  ["", ["--map-model", "a"], "--map-model"],
])("a setting of one engine is not dropped where several are listed (%s %j)", (line, flags, name) => {
  const files = { [resolve("s.yaml")]: `edge: http://a\nengines:\n  - engine: built-in\n${line}\n` };
  expect(() => read(["--config", "s.yaml", "--key", KEY, ...flags], around({}, files))).toThrow(
    `${name} is for one engine: say it in the entry under "engines:" that it is meant for`,
  );
});

test("takes the key from a file of its own", () => {
  const files = { [resolve("key.txt")]: `${KEY}\n` };
  expect(read(["--edge", "http://a", "--key-file", "key.txt"], around({}, files)).key).toBe(KEY);
});

test.each([
  [
    [],
    expect.stringMatching(
      /^no --edge given: .* --edge https:\/\/api\.example\.com \(or env STARGRAPH_EDGE\)\. "stargraph-agent init" asks/,
    ),
  ],
  [
    ["--edge", "http://a"],
    expect.stringMatching(/^no --key given: .* --key sgk_\.\.\. \(or env STARGRAPH_KEY\)\. "stargraph-agent init" asks/),
  ],
  [["--edge", "edge.example", "--key", KEY], "--edge must be a URL that starts with https:// or http://"],
  [["--edge", "ftp://a", "--key", KEY], "--edge must be a URL that starts with https:// or http://"],
  [["--edge", "http://a", "--key", "secret"], "--key must be an agent key: sgk_ and at least 8 letters or digits"],
  [[...NEEDED, "--slots", "65"], "--slots must be a whole number from 1 to 64"],
  [[...NEEDED, "--slots", "two"], "--slots must be a whole number from 1 to 64"],
  [[...NEEDED, "--engine", "magic"], expect.stringMatching(/^--engine must be one of: built-in/)],
  [[...NEEDED, "--log", "xml"], "--log must be one of: text, json"],
  [[...NEEDED, "--map-model", "x".repeat(129)], "--map-model must have at most 128 characters a name"],
  [[...NEEDED, "--map-model", "sd:TEXT2IMG+PAINT"], "--map-model must list types of task behind a colon, as in sd:TEXT2IMG+IMG2IMG"],
  [[...NEEDED, "--types", "PAINT"], "--types must be of: TEXT2IMG, IMG2IMG, UPSCALE, POSE, TEXT2VIDEO, IMG2VIDEO"],
  [[...NEEDED, "--hours", "at night"], "--hours must be hours such as 22:00-07:00"],
  [[...NEEDED, "--input-cache", "much"], "--input-cache must be a size such as 500MB or 2GB"],
  [[...NEEDED, "--cool-down", "soon"], "--cool-down must be a time such as 30s, 5m, 2h or 1h30m"],
  [["--edge", "http://a", "--key-file", "nowhere"], `there is no key file ${resolve("nowhere")}`],
  [[...NEEDED, "--key-file", "key.txt"], "--key-file and key are both given"],
  [[...NEEDED, "--config", "nowhere"], `there is no config file ${resolve("nowhere")}; "stargraph-agent init" writes one`],
  [[...NEEDED, "--state"], "Option '--state <value>' argument missing"],
  [[...NEEDED, "--what"], "Unknown option '--what'"],
  [["serve"], "unknown command 'serve': it is one of run, init, doctor, bench, status, pause, resume, drain, service"],
  [["service"], "service needs a word: install or uninstall"],
  [["run", "fast"], "unexpected argument 'fast'"],
])("%j is refused by name", (argv, message) => {
  expect(() => read(argv)).toThrow(expect.objectContaining({ name: "UsageError", message }));
});

test.each([
  ["log: text\nrefuse-words: [a, *foo]\n", "2: nothing is called &foo; put quotes around a * that is text"],
  ["engines:\n  - engine: magic\n", "2: engines.0.engine must be one of: built-in, comfyui, sdapi, command"],
  ["slots: 3\n\nlog: xml\n", "3: log must be one of: text, json"],
  ["max-pixels: lots\n", "1: max-pixels must be a whole number of pixels: width × height"],
  ["edge: http://a\ntypes:\n  - TEXT2IMG\n  - PAINT\n", "4: types.1 must be of: TEXT2IMG, IMG2IMG, UPSCALE, POSE, TEXT2VIDEO, IMG2VIDEO"],
  ["engines:\n  - engine: built-in\n    slots: 100\n", "3: engines.0.slots must be a whole number from 1 to 64"],
  ["edge: http://a\nslotz: 3\n", "2: unknown setting slotz"],
  ["edge: http://a\r\n\r\nslotz: 3\r\n", "3: unknown setting slotz"],
  ["max_pixels: 3\n", "1: unknown setting max_pixels; it is called max-pixels"],
  ["- edge\n", '1: expected settings such as "edge: https://api.example.com"'],
  ["edge: http://a\nname: [box\n", expect.stringMatching(/^[23]: Flow sequence/)],
  ["edge: http://a\nedge: http://b\n", "2: Map keys must be unique"],
  ["engines:\n  - engine: comfyui\n    modells:\n      - a\n", "3: engines.0.modells is no setting"],
  [
    "engines:\n  - engine: comfyui\n    models:\n      - { name: a, fille: b, family: sd15 }\n",
    "4: engines.0.models.0.fille is no setting",
  ],
  ["engines:\n  - engine: sdapi\n    upscalers: [{ name: a }]\n", "3: engines.0.upscalers.0.upscaler is missing"],
  ["engines:\n  - engine: sdapi\n    exclusive: 3\n", "3: engines.0.exclusive must be of type boolean"],
  ["engines:\n  - engine: komfyui\n", "2: engines.0.engine must be one of: built-in, comfyui, sdapi, command"],
  ["engines:\n  - engine: comfyui\n    url: 127.0.0.1:8188\n", "3: engines.0.url must be a URL such as http://127.0.0.1:8188"],
  ["refuse-words: 7\n", "1: refuse-words.0 must be text"],
])("a wrong config file is told with its line: %j", (text, message) => {
  const thrown = (() => {
    try {
      readFile(text);
    } catch (error) {
      return error as Error;
    }
    return null;
  })();
  expect(thrown?.message.startsWith(`${FILE}:`)).toBe(true);
  expect(thrown?.message.slice(FILE.length + 1)).toEqual(message);
});

test("a variable that is wrong is told by its name, and never with its value", () => {
  expect(() => read([], around({ STARGRAPH_EDGE: "http://a", STARGRAPH_KEY: "topsecret" }))).toThrow(
    /^STARGRAPH_KEY must be an agent key: sgk_ and/,
  );
});

test("refuses a key that others on the machine can read", () => {
  const open = { text: `edge: http://a\nkey: ${KEY}\n`, isOpenToOthers: true };
  expect(() => read([], around({}, { [FILE]: open }))).toThrow(
    `${FILE} holds a key and can be read by other users of this machine: chmod 600 ${FILE}`,
  );
  expect(read(["--key", KEY], around({}, { [FILE]: open })).key).toBe(KEY);
});

test("asks for help or the version come before what is missing", () => {
  expect(parseCommandLine(["-h"])).toMatchObject({ command: "run", asks: "help" });
  expect(parseCommandLine(["pause", "--help"])).toMatchObject({ command: "pause", asks: "help" });
  expect(parseCommandLine(["--version"])).toMatchObject({ asks: "version" });
});
