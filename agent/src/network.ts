import type { Agent as HttpAgent } from "node:http";
import { rootCertificates } from "node:tls";
import { HttpsProxyAgent } from "https-proxy-agent";
import { getProxyForUrl } from "proxy-from-env";
import type { Dispatcher } from "undici";

export type HttpRequest = (url: string | URL, options: RequestOptions) => Promise<Dispatcher.ResponseData>;

type RequestOptions = Pick<Dispatcher.RequestOptions, "body" | "headers" | "signal"> & { method?: Dispatcher.HttpMethod };

/**
 * The way out, for requests and for the socket: through the proxy that `HTTPS_PROXY`, `HTTP_PROXY` and `NO_PROXY` name, and
 * trusting the owner's own authorities. (Node itself adds those of `NODE_EXTRA_CA_CERTS` to the usual ones.)
 */
export interface Network {
  request: HttpRequest;
  /** For a WebSocket to that address; undefined for a direct one. */
  socketAgent: (url: URL) => HttpAgent | undefined;
  authorities: string[] | undefined;
  /** Breaks off what is on its way. */
  close: () => Promise<void>;
}

/** No proxy could reach this machine's own addresses. */
const isOwn = ({ hostname }: URL): boolean => /^(localhost|127(\.\d{1,3}){3}|\[::1\])$/.test(hostname);

const LIMITS = { connections: 4, headersTimeout: 60_000, bodyTimeout: 60_000 };

export function openNetwork(extraAuthorities: string | null): Network {
  const ca = extraAuthorities === null ? undefined : [...rootCertificates, extraAuthorities];
  const tls = ca ? { ca } : {};
  // Half of an idle agent's memory would be the HTTP client's, so it comes with the first request.
  let client: ReturnType<typeof openClient> | null = null;
  const openClient = async () => {
    const { Agent, EnvHttpProxyAgent, request } = await import("undici");
    const direct = new Agent({ ...LIMITS, connect: tls });
    const throughProxy = new EnvHttpProxyAgent({ ...LIMITS, connect: tls, requestTls: tls, proxyTls: tls });
    return { request, direct, throughProxy };
  };
  return {
    async request(url, options) {
      client ??= openClient();
      const { request, direct, throughProxy } = await client;
      return request(url, { ...options, dispatcher: isOwn(new URL(url)) ? direct : throughProxy });
    },
    socketAgent(url) {
      const proxy = isOwn(url) ? "" : getProxyForUrl(url.href.replace(/^ws/, "http"));
      return proxy === "" ? undefined : new HttpsProxyAgent(proxy, tls);
    },
    authorities: ca,
    async close() {
      const opened = await client;
      await Promise.all([opened?.direct.destroy(), opened?.throughProxy.destroy()]);
    },
  };
}
