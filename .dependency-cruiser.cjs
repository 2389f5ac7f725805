/** Who may import whom (docs/contributing.md, "Boundaries"). `reachable` follows friends of friends. */
/** The queue's decisions, what is shown of them, and the rules of pools and shards. */
const PURE_DISPATCH = "^edge/src/dispatch/(queue/|views/|shards/(pools|shard-summary|shard-summaries)\\.ts$)";
/** Services, room by room. */
const SERVICES = [
  "admin/(all-agents|all-tasks|figures|manage-models|manage-users|manage-words|move-credits)",
  "agents/(agent-view|command-agent|list-agents|manage-keys)",
  "app-messages/(answer-request|reply|request-queue)",
  "audit/list-audit",
  "auth/login",
  "billing/check-ledger",
  "dispatch/(admissions|dispatch-shell|duties/(late-result|make-offer|outbox-worker|perform-duty|prepare-offer)|recovery/(move-tasks|sweep)|wake-up)",
  "events/(end-message|open-events)",
  "files/(receive-upload|collect-results)",
  "generate/(check-limits|plan-task|quote|submit-batch|submit-once|submit-task)",
  "http/public-address",
  "idempotency/(answer-once|request-key)",
  "inputs/(decode-base64|fetch-picture|judge-picture|open-input|own-url|read-picture|store-input|whole-jpeg|whole-png)",
  "moderation/(classifier|moderate|word-cache)",
  "previews/take-preview",
  "resources/(list-models|list-names|own-files|read-upload)",
  "tasks/(history-view|list-tasks|show-task|cancel-task|retry-task|task-view|wait-for-task)",
  "webhooks/(check-callback-url|deliver|show-webhooks)",
];
const PLATFORM = "^(cloudflare:|drizzle-orm|hono|node:)|^(fs|net|http|child_process)$";

/** @type {import("dependency-cruiser").IConfiguration} */
module.exports = {
  forbidden: [
    {
      name: "no-circle",
      comment: "Data flows one way.",
      severity: "error",
      from: {},
      to: { circular: true, viaOnly: { dependencyTypesNot: ["type-only"] } },
    },
    {
      name: "shared-stands-alone",
      comment: "Both ends load it: zod and nothing else.",
      severity: "error",
      from: { path: "^shared/src/", pathNot: "\\.test\\.ts$" },
      to: { pathNot: "^shared/src/|node_modules/zod/" },
    },
    {
      name: "edge-and-agent-meet-on-the-wire",
      severity: "error",
      from: { path: "^edge/(src|local)/" },
      to: { path: "^agent/" },
    },
    {
      name: "agent-and-edge-meet-on-the-wire",
      severity: "error",
      from: { path: "^agent/" },
      to: { path: "^edge/" },
    },
    {
      name: "engine-package-knows-nobody",
      comment: "stargraph-scene draws; who asks for it is not its business.",
      severity: "error",
      from: { path: "^agent/scene/" },
      to: { path: "^(edge|shared|agent/(?!scene/))" },
    },
    {
      name: "only-adapters-know-engines",
      severity: "error",
      from: { path: "^agent/src/", pathNot: "^agent/src/engines/" },
      to: { path: "^agent/scene/" },
    },
    {
      name: "worker-does-not-need-the-local-start",
      severity: "error",
      from: { path: "^edge/src/" },
      to: { path: "^edge/local/" },
    },
    {
      name: "routes-keep-to-their-room",
      comment: "A handler calls services; what they need comes with the request.",
      severity: "error",
      from: { path: "^edge/src/[^/]+/[a-z-]*routes\\.ts$" },
      to: { path: "^edge/src/(db/|[^/]+/[a-z-]*store\\.ts$)|drizzle-orm" },
    },
    {
      name: "services-decide-without-the-platform",
      comment: "So that a test can hand them a small object.",
      severity: "error",
      from: {
        path: SERVICES.map((name) => `^edge/src/${name}\\.ts$`),
      },
      to: {
        path: "^(cloudflare:|drizzle-orm|hono$)|^edge/src/db/|^edge/src/[^/]+/[a-z-]*store\\.ts$",
        dependencyTypesNot: ["type-only"],
      },
    },
    {
      name: "the-queue-knows-no-other-room",
      comment: "Decisions are called; they call nobody.",
      severity: "error",
      from: { path: "^edge/src/dispatch/queue/", pathNot: "\\.test\\.ts$" },
      to: { path: "^edge/src/dispatch/(?!queue/)" },
    },
    {
      name: "decisions-reach-no-platform",
      comment: "The queue's decisions and the state machines of STOMP and SockJS are functions; not even a friend may bring I/O in.",
      severity: "error",
      from: {
        path: [
          PURE_DISPATCH,
          "^edge/src/stomp/",
          "^edge/src/sockjs/(close-code|frames|half-frame-store|held-response|http-carrier|http-headers|http-session|payload|session-path|static-answer|transports|waiting)\\.ts$",
          "^edge/src/hub/(event-log|live-progress|live-sockets|previews|retries|session-delivery|session-feeds|session-registry|status-waiters|task-streams)\\.ts$",
          "^edge/src/webhooks/schedule\\.ts$",
        ],
        pathNot: "\\.test\\.ts$",
      },
      to: { path: PLATFORM, reachable: true },
    },
  ],
  options: {
    doNotFollow: { path: "node_modules" },
    exclude: { path: "worker-configuration\\.d\\.ts$" },
    tsPreCompilationDeps: true,
    tsConfig: { fileName: `${__dirname}/tsconfig.json` },
    enhancedResolveOptions: { exportsFields: ["exports"], conditionNames: ["import", "default"], extensions: [".ts", ".mjs", ".js"] },
  },
};
