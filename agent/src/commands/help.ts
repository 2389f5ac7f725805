import { COMMANDS, type CommandName } from "../config/command-line.ts";

const WHERE = `Where it keeps its things
  --state DIR        Folder for this agent's id, unfinished deliveries and
                     config.yaml (env STARGRAPH_AGENT_STATE,
                     default: ~/.stargraph-agent). One process per folder.
  --config FILE      YAML or JSON with any of the settings under the names of
                     their flags, without the dashes, as in "max-pixels:
                     1048576" (env STARGRAPH_CONFIG,
                     default: ~/.stargraph-agent/config.yaml, where it is)
`;

const RUN = `stargraph-agent: draws pictures for a Star-Graph edge on this machine.

Usage
  stargraph-agent --edge URL --key KEY [options]
  stargraph-agent COMMAND [options]

It opens one outbound WebSocket to the edge and waits for tasks: no port is
opened here. A result stays on disk until the edge has it on record, so a lost
line, a crash or a restart loses nothing. Ctrl-C finishes what runs and leaves;
a second one gives it back to the edge, a third one leaves at once. SIGTERM
finishes what it can within --stop-within and gives the rest back.

Commands (each has its own --help)
{COMMANDS}
Where to connect
  --edge URL         Address of the edge, as in https://api.example.com
  --key KEY          Agent key, sgk_... (env STARGRAPH_KEY, which other users of
                     this machine cannot see in the process list)
  --key-file FILE    The same from a file that nobody else may read
  --name NAME        How the edge lists this agent (default: the host name)
  --ca-file FILE     Authorities to trust besides the usual ones, PEM
  --proxy URL        HTTP proxy for all that leaves this machine (default: what
                     HTTPS_PROXY, HTTP_PROXY, ALL_PROXY and NO_PROXY say)

What to run
  --engine NAME      comfyui: the server at http://127.0.0.1:8188. sdapi: a
                     WebUI or stable-diffusion.cpp at http://127.0.0.1:7860.
                     built-in: a small model that needs no GPU, from the
                     package stargraph-scene. (default: the ComfyUI or the
                     WebUI that answers, else built-in.) Several engines, each
                     with what it needs, are listed in the file, under
                     "engines:", and so is a program of your own
  --slots N          Tasks at a time, 1 to 64 (default: 1)
  --map-model NAMES  Also offer the engine's model under these names of the API,
                     separated by commas; may be repeated. Whoever asked for the
                     name is told which model really ran. A name offered for
                     some types of task only: NAME:TEXT2IMG+IMG2IMG

What to take (default: all that the engines can run)
  --types LIST       Only these types of task, as in TEXT2IMG,UPSCALE
  --models LIST      Only these models
  --max-pixels N     No picture with more pixels (width × height)
  --own-tasks WHOSE  any; first: your own account's before others'; only
  --refuse-words LIST  No prompt that holds one of these words

When to rest
  --hours LIST       Ask for work only then, as in 22:00-07:00, by this machine's
                     clock
  --idle-only        Only while nobody else uses the GPU, the keyboard or the
                     mouse, as far as this machine tells; models leave memory
  --cool-down TIME   How long to wait after such use (default: 5m)
  --max-temperature C  Of the hottest GPU (default: 87); goes on 10 degrees below
  --min-disk SIZE    Free where results are kept (default: 1GB)
  --min-memory SIZE  Free memory of the machine (default: 250MB)
  --free-after TIME  Models leave memory after this long without a task
                     (default: 10m)

${WHERE}  --log FORMAT       text: lines for people (default); json: one object a line
  --input-cache SIZE  Input pictures kept for the next task that works on them,
                     for a day at most; 0 keeps none (default: 512MB)
  --stop-within TIME  How long tasks may still run after a SIGTERM; 0s gives them
                     back at once (default: 30s)
  --status-port PORT  A page for this machine alone: / for people, /status as
                     JSON, /metrics for Prometheus (default: none)
  --help, --version

A flag wins over its variable, that over the file. Every setting has a variable:
--max-pixels is STARGRAPH_MAX_PIXELS.

Exit codes: 0 stopped on request, 1 failed (the last line says why), 2 a setting
is wrong, 4 refused by the edge.
`;

const SUMMARY: Readonly<Record<CommandName, string>> = {
  run: "serve tasks (without a command, too)",
  init: "ask what serving takes, and write the config file",
  bench: "measure how fast this machine is, and tell the edge",
  service: "have the system start the agent at sign-in",
  doctor: "say what this machine can draw, and what stands in the way",
  status: "how the agent that runs on this machine is, and what it does",
  pause: "take no more tasks for a while, and free memory",
  resume: "end a pause",
  drain: "finish what runs, then leave",
};

const OF_COMMAND: Readonly<Record<Exclude<CommandName, "run">, string>> = {
  init: `Usage: stargraph-agent init [--force] [settings as for run]

Writes the config file, which nobody else may read: from the flags and variables
that are given, from what is found on this machine, and from a few questions
about the rest. Where there is no terminal to ask on, --edge, --key-file and
--engine do.

  --force            Write it anew where it is there already
`,
  bench: `Usage: stargraph-agent bench [settings as for run]

Runs a small task of each type twice on this machine's engines, without an edge,
and keeps how fast they were: the edge is told with the next start, so that
people are told the right times from the first task on. Pause a running agent
before.
`,
  service: `Usage: stargraph-agent service install|uninstall [--dry-run] [--config FILE]

Has the system start the agent when you sign in, and again when it fails: a
systemd user unit on Linux, a launchd agent on macOS, a task on Windows. Edge
and key have to be in the config file.

  --dry-run          Show what would be written and run
`,
  doctor: `Usage: stargraph-agent doctor [--json] [settings as for run]

Looks at everything that serving tasks takes, and changes nothing: the key, the
edge and the time between its clock and this one, the disk, memory, GPUs, the
engines and their models, and engines on their usual ports that nobody uses.
Then it says for each type of task why it can be run here, or why not.

  --json             The same as one JSON object

Exit codes: 0 this machine can serve tasks, 1 it cannot, 2 a setting is wrong.
`,
  status: `Usage: stargraph-agent status [--json] [--state DIR]

Asks the agent that runs on this machine, over a socket in its state folder:
whether it is connected, what it does, why it does nothing, what waits, and what
was earned today.

  --json             The same as one JSON object
`,
  pause: `Usage: stargraph-agent pause [--for TIME] [--free-memory] [--state DIR]

The running agent takes no more tasks, finishes those that run, and then has its
engines give their memory back. It stays paused over a restart.

  --for TIME         End the pause by itself, as in 2h or 30m
  --free-memory      Do not wait: give running tasks back to the edge, where
                     others take them, and free memory now
`,
  resume: `Usage: stargraph-agent resume [--state DIR]

Ends a pause of the running agent.
`,
  drain: `Usage: stargraph-agent drain [--state DIR]

The running agent takes no more tasks, finishes and delivers what it has, and
leaves. The command does not wait for that.
`,
};

const CODES = `Exit codes: 0 done, 1 the agent did not do it, 2 a setting is wrong, 3 no agent
runs with that state folder.
`;

/** Those that speak to a running agent. */
const TELLING: ReadonlySet<CommandName> = new Set<CommandName>(["status", "pause", "resume", "drain"]);

/** What `--help` prints; a snapshot test keeps it in step with the flags. */
export function writeHelp(command: CommandName): string {
  if (command !== "run") return `${OF_COMMAND[command]}\n${WHERE}${TELLING.has(command) ? `\n${CODES}` : ""}`;
  const commands = COMMANDS.map((name) => `  ${name.padEnd(19)}${SUMMARY[name]}\n`).join("");
  return RUN.replace("{COMMANDS}", commands);
}
