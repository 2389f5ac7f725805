import { randomBytes } from "node:crypto";
import fs from "node:fs";
import path from "node:path";
import { z } from "zod";
import { newAgentKey } from "../src/agents/agent-key.ts";
import { StartError } from "./options.ts";
import { writePrivateFile } from "./state-folder.ts";

const Account = z.object({ username: z.string().min(1), password: z.string().min(1) });

/** `<state>/credentials.json`, for people and scripts; everything in it is random and made at the first start. */
export const Credentials = z.object({ baseUrl: z.string(), admin: Account, demo: Account, agentKey: z.string().min(1) });
export type Credentials = z.infer<typeof Credentials>;

/** `<state>/secrets.json`: what only the edge itself needs. */
const Secrets = z.object({ tokenSecret: z.string().min(32) });

const PASSWORD_LENGTH = 20;
// Letters and digits that nobody mixes up; never only hex digits, which would look like an MD5 on the wire.
const PASSWORD_LETTERS = "abcdefghijkmnopqrstuvwxyzABCDEFGHJKLMNPQRSTUVWXYZ23456789";

function newPassword(): string {
  let password = "";
  // Bytes past the last multiple of the alphabet are dropped, so that all letters are as likely.
  const limit = 256 - (256 % PASSWORD_LETTERS.length);
  while (password.length < PASSWORD_LENGTH) {
    for (const byte of randomBytes(32)) {
      if (byte < limit && password.length < PASSWORD_LENGTH) password += PASSWORD_LETTERS[byte % PASSWORD_LETTERS.length];
    }
  }
  return `sg-${password}`;
}

const credentialsFile = (stateFolder: string): string => path.join(stateFolder, "credentials.json");

/**
 * The credentials of this state folder; null when it has none yet.
 * @throws {StartError} when the file is there and cannot be used.
 */
export function readCredentials(stateFolder: string): Credentials | null {
  return readJson(credentialsFile(stateFolder), Credentials);
}

export function writeCredentials(stateFolder: string, credentials: Credentials): void {
  writePrivateFile(credentialsFile(stateFolder), `${JSON.stringify(credentials, null, 2)}\n`);
}

export function newCredentials(baseUrl: string): Credentials {
  return {
    baseUrl,
    admin: { username: "admin", password: newPassword() },
    demo: { username: "demo", password: newPassword() },
    agentKey: newAgentKey(),
  };
}

/** The key that signs this installation's tokens: made once, kept beside the data. */
export function tokenSecret(stateFolder: string): string {
  const file = path.join(stateFolder, "secrets.json");
  const kept = readJson(file, Secrets);
  if (kept) return kept.tokenSecret;
  const secrets = { tokenSecret: randomBytes(48).toString("base64url") };
  writePrivateFile(file, `${JSON.stringify(secrets, null, 2)}\n`);
  return secrets.tokenSecret;
}

function readJson<T>(file: string, schema: z.ZodType<T>): T | null {
  let text: string;
  try {
    text = fs.readFileSync(file, "utf8");
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    if (code === "ENOENT") return null;
    throw new StartError(`${file} cannot be read (${code}). Mend that, or use another folder with --state.`, { cause: error });
  }
  let content: unknown;
  try {
    content = JSON.parse(text);
  } catch (error) {
    throw new StartError(`${file} is not valid JSON. Repair it, or use another folder with --state.`, { cause: error });
  }
  const parsed = schema.safeParse(content);
  if (parsed.success) return parsed.data;
  const issue = parsed.error.issues[0];
  throw new StartError(
    `${file} is broken (${issue?.path.join(".") || "file"}: ${issue?.message ?? "wrong shape"}). Repair it, or use another folder with --state.`,
  );
}
