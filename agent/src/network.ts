import type { Agent as HttpAgent } from "node:http";
import { rootCertificates } from "node:tls";
import { HttpsProxyAgent } from "https-proxy-agent";
import { getProxyForUrl } from "proxy-from-env";
import { EnvHttpProxyAgent } from "undici";

/**
 * The way out, for requests and for the socket: through the proxy that `HTTPS_PROXY`, `HTTP_PROXY` and `NO_PROXY` name, and
 * trusting the owner's own authorities. (Node itself adds those of `NODE_EXTRA_CA_CERTS` to the usual ones.)
 */
export interface Network {
  requests: EnvHttpProxyAgent;
  /** For a WebSocket to that address; undefined for a direct one. */
  socketAgent: (url: URL) => HttpAgent | undefined;
  authorities: string[] | undefined;
}

const LIMITS = { connections: 4, headersTimeout: 60_000, bodyTimeout: 60_000 };

export function openNetwork(extraAuthorities: string | null): Network {
  const ca = extraAuthorities === null ? undefined : [...rootCertificates, extraAuthorities];
  const tls = ca ? { ca } : {};
  return {
    requests: new EnvHttpProxyAgent({ ...LIMITS, connect: tls, requestTls: tls, proxyTls: tls }),
    socketAgent(url) {
      const proxy = getProxyForUrl(url.href.replace(/^ws/, "http"));
      return proxy === "" ? undefined : new HttpsProxyAgent(proxy, tls);
    },
    authorities: ca,
  };
}
