import type { Agent as HttpAgent } from "node:http";
import { rootCertificates } from "node:tls";
import { HttpsProxyAgent } from "https-proxy-agent";
import { getProxyForUrl } from "proxy-from-env";
import type { Dispatcher } from "undici";
import type { PartialConfig } from "./config/agent-config.ts";
import { UsageError } from "./config/usage-error.ts";

export type HttpRequest = (url: string | URL, options: RequestOptions) => Promise<Dispatcher.ResponseData>;

type RequestOptions = Pick<Dispatcher.RequestOptions, "body" | "headers" | "signal"> & { method?: Dispatcher.HttpMethod };

/**
 * The way out, the same for requests and for the socket: through the `proxy` of the settings, else the one that `HTTPS_PROXY`,
 * `HTTP_PROXY`, `ALL_PROXY` and `NO_PROXY` name for an address, and trusting the owner's own authorities. (Node itself adds those of
 * `NODE_EXTRA_CA_CERTS` to the usual ones.)
 */
export interface Network {
  request: HttpRequest;
  /**
   * For a WebSocket to that address; undefined for a direct one.
   * @param hangUp ends the line to the proxy, also while the proxy has not answered: WebSocket and agent know no socket till then.
   */
  socketAgent: (url: URL, hangUp: AbortSignal) => HttpAgent | undefined;
  authorities: string[] | undefined;
  /** Breaks off what is on its way. */
  close: () => Promise<void>;
}

/** No proxy could reach this machine's own addresses. */
const isOwn = ({ hostname }: URL): boolean => /^(localhost|127(\.\d{1,3}){3}|\[::1\])$/.test(hostname);

const PROXY_MS = 10_000;
const LIMITS = { connections: 4, headersTimeout: 60_000, bodyTimeout: 60_000 };

/**
 * @param proxyMs how long a proxy may take to put a request through.
 * @throws {UsageError} the environment names a proxy that is none.
 */
export function openNetwork(
  { edge, proxy, extraAuthorities }: Pick<PartialConfig, "edge" | "proxy" | "extraAuthorities">,
  proxyMs = PROXY_MS,
): Network {
  const ca = extraAuthorities === null ? undefined : [...rootCertificates, extraAuthorities];
  const tls = ca ? { ca } : {};
  /** Empty for the direct way. */
  const proxyFor = (url: URL): string => (isOwn(url) ? "" : (proxy?.href ?? proxyOfEnvironment(url)));
  if (edge) proxyFor(edge);
  // Half of an idle agent's memory would be the HTTP client's, so it comes with the first request.
  let client: ReturnType<typeof openClient> | null = null;
  const openClient = async () => {
    const { Agent, Pool, ProxyAgent, request } = await import("undici");
    // An abort is not heard before the proxy has put a request through, so a silent one must not be waited for any longer.
    const clientFactory = (to: URL, options: object) => new Pool(to, { ...options, headersTimeout: proxyMs });
    const ways = new Map<string, Dispatcher>();
    const wayThrough = (address: string): Dispatcher => {
      const known = ways.get(address);
      if (known) return known;
      const opened =
        address === ""
          ? new Agent({ ...LIMITS, connect: tls })
          : new ProxyAgent({ ...LIMITS, clientFactory, uri: address, requestTls: tls, proxyTls: tls });
      ways.set(address, opened);
      return opened;
    };
    return { request, ways, wayThrough };
  };
  return {
    async request(url, options) {
      client ??= openClient();
      const { request, wayThrough } = await client;
      return request(url, { ...options, dispatcher: wayThrough(proxyFor(new URL(url))) });
    },
    socketAgent(url, hangUp) {
      const address = proxyFor(new URL(url.href.replace(/^ws/, "http")));
      return address === "" ? undefined : new HttpsProxyAgent(address, { ...tls, signal: hangUp });
    },
    authorities: ca,
    async close() {
      const opened = await client;
      await Promise.all([...(opened?.ways.values() ?? [])].map((way) => way.destroy()));
    },
  };
}

function proxyOfEnvironment(url: URL): string {
  const address = getProxyForUrl(url.href);
  const names = [`${url.protocol.slice(0, -1)}_proxy`, "all_proxy"].flatMap((name) => [name, name.toUpperCase()]);
  const variable = names.find((name) => process.env[name]);
  if (address === "" || variable === undefined) return "";
  if (/^https?:\/\//i.test(process.env[variable] ?? "") && URL.canParse(address)) return address;
  // The value is not repeated: it may hold a password.
  throw new UsageError(`env ${variable} is no address of an HTTP proxy, as in http://proxy.example.com:3128`);
}
