import { parseJson } from "../outside.ts";

/** A server for drawing that many boxes have, where it listens when nobody tells it otherwise. */
export interface UsualServer {
  name: string;
  engine: "comfyui" | "sdapi";
  address: string;
  /** What is asked for there. */
  path: string;
  /** Whether that was answered by such a server: other programs use these ports too, and some answer anything. */
  isIt: (body: unknown) => boolean;
  /** Whether such a server answers so when it runs without its API. */
  isWithoutApi?: (status: number) => boolean;
}

const hasList = (name: string) => (body: unknown) =>
  typeof body === "object" && body !== null && Array.isArray((body as Record<string, unknown>)[name]);
const COMFYUI = { engine: "comfyui", path: "/system_stats", isIt: hasList("devices") } as const;

/** The best first. */
export const USUAL_SERVERS: readonly UsualServer[] = [
  { name: "ComfyUI", address: "http://127.0.0.1:8188", ...COMFYUI },
  { name: "ComfyUI Desktop", address: "http://127.0.0.1:8000", ...COMFYUI },
  // One that was started without `--api` is of no use.
  {
    name: "A Stable Diffusion web UI",
    engine: "sdapi",
    address: "http://127.0.0.1:7860",
    path: "/sdapi/v1/sd-models",
    isIt: Array.isArray,
    isWithoutApi: (status) => status === 404,
  },
  {
    name: "stable-diffusion.cpp",
    engine: "sdapi",
    address: "http://127.0.0.1:1234",
    path: "/sdcpp/v1/capabilities",
    isIt: hasList("supported_modes"),
  },
];

/** Where a server of this kind is when nobody says otherwise. */
export const usualAddress = (engine: UsualServer["engine"]): string =>
  USUAL_SERVERS.find((server) => server.engine === engine)?.address ?? "";

const LOOK_MS = 2_000;

/** Those that answer now. */
export async function findServers(servers = USUAL_SERVERS): Promise<UsualServer[]> {
  const answers = await Promise.all(servers.map(isThere));
  return servers.filter((_, index) => answers[index]);
}

/** Node's own client, because the agent's other one is loaded with the first task. */
async function isThere({ address, path, isIt }: UsualServer): Promise<boolean> {
  try {
    const answer = await fetch(`${address}${path}`, { signal: AbortSignal.timeout(LOOK_MS) });
    return answer.ok && isIt(parseJson(await answer.text()));
  } catch {
    return false;
  }
}
