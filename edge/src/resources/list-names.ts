import { type Page, toPage } from "@star-graph/shared/page";
import type { NameQuery } from "@star-graph/shared/rest/resources";

/** A page of a fixed list, whose first name is the default. */
export function listNames(names: readonly string[], query: NameQuery): Page<{ name: string; isDefault: boolean }> {
  const lines = names.map((name) => ({ name, isDefault: name === names[0] }));
  const sorted = query.sort === "name" ? lines.toSorted((a, b) => (a.name < b.name ? -1 : 1)) : lines;
  const inOrder = query.order === "asc" ? sorted : sorted.toReversed();
  const from = (query.page - 1) * query.pageSize;
  return toPage(inOrder.slice(from, from + query.pageSize), names.length, query);
}
