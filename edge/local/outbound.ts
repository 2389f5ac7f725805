import dns from "node:dns";
import type { LookupFunction } from "node:net";
import { Readable } from "node:stream";
import { type Request, Response } from "miniflare";
import { Agent, request as send } from "undici";
import { isPublicIp, whyNotPublic } from "../src/http/public-address.ts";

/**
 * How the Worker reaches the world from this machine. The platform keeps a deployed Worker out of private networks; here
 * this does: names that resolve to addresses which are not public are refused, and the address that was looked at is the one
 * that is connected to, so that a name cannot change its mind in between.
 * @param allowedHosts hosts, with their port where they have one, that are reached all the same.
 */
export function createOutbound(allowedHosts: readonly string[], resolve: typeof dns.lookup = dns.lookup) {
  const guarded: LookupFunction = (hostname, options, done) => {
    resolve(hostname, { ...options, all: true }, (error, found) => {
      const addresses = error ? [] : found.filter(({ address }) => isPublicIp(address));
      const [first] = addresses;
      if (error) done(error, "");
      else if (!first) done(new Error(`${hostname} is not on the public internet`), "");
      else if (options.all) done(null, addresses);
      else done(null, first.address, first.family);
    });
  };
  const outside = new Agent({ connect: { lookup: guarded } });
  const anywhere = new Agent();
  return {
    async fetch(request: Request): Promise<Response> {
      const url = new URL(request.url);
      const refusal = whyNotPublic(url, allowedHosts);
      if (refusal) return new Response(refusal, { status: 403 });
      try {
        const answer = await send(url, {
          method: request.method,
          headers: Object.fromEntries(request.headers),
          body: request.body ? Readable.fromWeb(request.body) : null,
          dispatcher: allowedHosts.includes(url.host) ? anywhere : outside,
        });
        const headers = Object.entries(answer.headers).flatMap(([name, values]): [string, string][] =>
          [values ?? []].flat().map((value) => [name, value]),
        );
        const hasBody = answer.statusCode !== 204 && answer.statusCode !== 304;
        return new Response(hasBody ? Readable.toWeb(answer.body) : null, { status: answer.statusCode, headers });
      } catch (error) {
        return new Response(String(error), { status: 502 });
      }
    },
    async close(): Promise<void> {
      await Promise.all([outside.destroy(), anywhere.destroy()]);
    },
  };
}
