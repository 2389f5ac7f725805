/**
 * Gives an upgrade of `/ws` an object of its own. The request goes through as it came: copies lose the socket,
 * and so do middlewares that touch the answer.
 */
export function openRawSocket(request: Request, env: Cloudflare.Env): Promise<Response> {
  return env.SOCK_SESSION.get(env.SOCK_SESSION.newUniqueId()).fetch(request);
}
