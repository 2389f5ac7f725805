import { stringify } from "yaml";

export interface Answers {
  edge: string;
  key: string;
  name: string;
  engine: "comfyui" | "built-in";
  isIdleOnly: boolean;
}

/** What `init` writes: what was answered, and what else could be said, to be uncommented. */
export function writeConfigText({ edge, key, name, engine, isIdleOnly }: Answers): string {
  return `# Settings of stargraph-agent, under the names of its flags. It holds a key: keep it to yourself.
${stringify({ edge, key, name, engine, "idle-only": isIdleOnly })}
# slots: 1
# types: [TEXT2IMG, IMG2IMG]
# max-pixels: 1048576
# own-tasks: first
# refuse-words: [gore]
# hours: [22:00-07:00]
# cool-down: 5m
# max-temperature: 87
# min-disk: 1GB
`;
}
