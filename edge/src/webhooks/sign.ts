import { hmac, toBase64 } from "./secret.ts";

/** Headers of Standard Webhooks (`webhook-id`, `webhook-timestamp`, `webhook-signature`): one signature for each secret that counts. */
export async function signedHeaders(
  secrets: readonly string[],
  message: { id: string; body: string },
  now: number,
): Promise<Record<string, string>> {
  const timestamp = String(Math.floor(now / 1000));
  const signatures = await Promise.all(
    secrets.map(async (secret) => {
      const key = Uint8Array.from(atob(secret.replace(/^whsec_/, "")), (letter) => letter.charCodeAt(0));
      return `v1,${toBase64(await hmac(key, `${message.id}.${timestamp}.${message.body}`))}`;
    }),
  );
  return { "webhook-id": message.id, "webhook-timestamp": timestamp, "webhook-signature": signatures.join(" ") };
}
