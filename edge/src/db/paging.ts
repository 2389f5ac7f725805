import { asc, desc, type SQLWrapper } from "drizzle-orm";

interface PageOf {
  page: number;
  pageSize: number;
  order: "asc" | "desc";
}

/** `ORDER BY` of a list: the asked column, and one that is unique, so that pages never overlap (spec 3.3). */
export function ordered(query: PageOf, column: SQLWrapper, unique: SQLWrapper) {
  const direction = query.order === "asc" ? asc : desc;
  return [direction(column), direction(unique)];
}

export const offsetOf = ({ page, pageSize }: PageOf): number => (page - 1) * pageSize;
