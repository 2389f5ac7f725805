/** Where this service's own files are found, as its configuration says. */
export interface OwnUrls {
  publicBaseUrl: string;
  publicFilesUrl: string;
}

/** Whether a URL leads back to this service, whatever the scheme: such a URL is looked up and never fetched. */
export function isOwnHost(own: OwnUrls, url: URL): boolean {
  return [own.publicBaseUrl, own.publicFilesUrl].some((base) => new URL(base).host === url.host);
}

/** The stored object that an own URL stands for; null when it is no file's. */
export function keyOfOwnUrl(own: OwnUrls, url: URL): string | null {
  for (const base of [own.publicFilesUrl, own.publicBaseUrl]) {
    const prefix = `${new URL(base).pathname.replace(/\/$/, "")}/files/`;
    if (new URL(base).host === url.host && url.pathname.startsWith(prefix)) return url.pathname.slice(prefix.length);
  }
  return null;
}
