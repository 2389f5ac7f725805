/** Where an engine's server is, as its owner wrote it, with the password in its own place. */
export interface ServerAddress {
  /** Ends in a slash; without name and password. A query, such as a proxy's token, goes along with every request. */
  base: URL;
  headers: Readonly<Record<string, string>>;
  /** For logs, pages and other people's eyes. */
  shown: string;
}

export function serverAddress(url: string | URL): ServerAddress {
  const base = new URL(url);
  if (!base.pathname.endsWith("/")) base.pathname += "/";
  const { username, password } = base;
  const credentials = Buffer.from(`${decoded(username)}:${decoded(password)}`).toString("base64");
  base.username = "";
  base.password = "";
  return {
    base,
    headers: username === "" && password === "" ? {} : { authorization: `Basic ${credentials}` },
    shown: `${base.origin}${base.pathname}`.replace(/\/$/, ""),
  };
}

/** The address of something below a server's; what its own query says stays. */
export function urlBelow({ base }: ServerAddress, path: string, query: Readonly<Record<string, string>> = {}): URL {
  const url = new URL(path, base);
  for (const [name, value] of [...base.searchParams, ...Object.entries(query)]) url.searchParams.set(name, value);
  return url;
}

/** An owner may have written a percent sign as it is. */
function decoded(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    return text;
  }
}
