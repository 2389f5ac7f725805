import { AppError } from "@star-graph/shared/errors";
import type { ApiScope } from "@star-graph/shared/rest/auth";

/** @param scopes what an API key may do; null for a signed-in user, who may do everything. @throws {AppError} `FORBIDDEN`. */
export function requireScope(scopes: readonly ApiScope[] | null, scope: ApiScope): void {
  if (scopes === null || scopes.includes(scope)) return;
  throw new AppError("FORBIDDEN", { text: { zh: `API密钥没有 ${scope} 权限`, en: `The API key lacks the scope ${scope}` } });
}
