const REQUEST_ID = /^[A-Za-z0-9._-]{1,128}$/;

/** The caller's own id of the request where it is one that may be echoed, else a new one (decisions, "Envelope"). */
export const requestIdOf = (given: string | undefined): string =>
  given !== undefined && REQUEST_ID.test(given) ? given : crypto.randomUUID();
