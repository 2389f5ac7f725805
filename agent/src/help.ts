/** What `--help` prints; a snapshot test keeps it in step with the flags. */
export const HELP = `stargraph-agent: draws pictures for a Star-Graph edge on this machine.

Usage
  stargraph-agent --edge URL --key KEY [options]

It opens one outbound WebSocket to the edge and waits for tasks: no port is
opened here. A result stays on disk until the edge has it on record, so a lost
line, a crash or a restart loses nothing. Ctrl-C leaves at once and gives
running tasks back.

Where to connect
  --edge URL         Address of the edge, as in https://api.example.com
                     (env STARGRAPH_EDGE)
  --key KEY          Agent key, sgk_... (env STARGRAPH_KEY, which other users of
                     this machine cannot see in the process list)
  --name NAME        How the edge lists this agent (default: the host name)

What to run
  --engine NAME      built-in: a small model that needs no GPU, from the package
                     stargraph-scene (default, and the only one yet)
  --slots N          Tasks at a time, 1 to 64 (default: 1)
  --map-model NAMES  Also offer the engine's model under these names of the API,
                     separated by commas; may be repeated. Whoever asked for the
                     name is told which model really ran. A name offered for
                     some types of task only: NAME:TEXT2IMG+IMG2IMG

On this machine
  --state DIR        Folder for this agent's id and unfinished deliveries
                     (env STARGRAPH_AGENT_STATE, default: ~/.stargraph-agent).
                     One process per folder.
  --log FORMAT       text: lines for people (default); json: one object a line
  --help, --version

Exit codes: 0 stopped on request, 1 refused or failed (the last line says why),
2 a flag is wrong.
`;
