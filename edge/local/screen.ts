import path from "node:path";
import { z } from "zod";
import type { Credentials } from "./credentials.ts";
import { StartError } from "./options.ts";
import { DEMO_CREDITS } from "./seed.ts";

/** Said once, at the first start. */
export function welcomeText({ admin, demo, agentKey }: Credentials, stateFolder: string): string {
  return `
Made for this installation, and kept in ${path.join(stateFolder, "credentials.json")}:

  admin      ${admin.username} / ${admin.password}
  user       ${demo.username} / ${demo.password}   (${DEMO_CREDITS.toLocaleString("en")} credits)
  agent key  ${agentKey}

`;
}

const Login = z.object({ token: z.string() });

/**
 * The line that says that everything runs, and something to paste.
 * @throws {StartError} when the credentials are not those of the data.
 */
export async function readyText({
  credentials,
  stateFolder,
  withAgent,
}: {
  credentials: Credentials;
  stateFolder: string;
  withAgent: boolean;
}): Promise<string> {
  const { baseUrl, demo, agentKey } = credentials;
  const answer = await fetch(`${baseUrl}/api/v1/auth/login`, {
    method: "POST",
    headers: { "Content-Type": "application/json" },
    body: JSON.stringify(demo),
  });
  const login = Login.safeParse(await answer.json());
  if (!login.success) {
    const file = path.join(stateFolder, "credentials.json");
    throw new StartError(
      `${file} does not fit the data: ${demo.username} cannot log in with the password there. Put the right file back, or use another folder with --state.`,
    );
  }
  const { token } = login.data;
  const ready = `Star-Graph is ready at ${baseUrl}\n`;
  if (withAgent) {
    return `${ready}
Try it (as demo; the token is good for a day):

curl -s ${baseUrl}/api/v1/generate/text2img -H 'Content-Type: application/json' \\
  -H 'Authorization: Bearer ${token}' \\
  -d '{"prompt":"一只可爱的猫咪在花园里玩耍"}'

README shows how to follow the task and save its picture. Stop with Ctrl-C.
`;
  }
  return `${ready}
No agent runs, so that no task will. Start one in another terminal:

STARGRAPH_KEY=${agentKey} npx -y pnpm@12.21.0 agent --edge ${baseUrl} --state ${path.join(stateFolder, "agent")}
`;
}
