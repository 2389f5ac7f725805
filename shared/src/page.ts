import { z } from "zod";

/** `page` and `pageSize` of every list (spec 3.3); each list adds the `sort` fields that it documents. */
export const PageQuery = z.object({
  page: z.coerce.number().int().min(1).max(1_000_000).default(1),
  pageSize: z.coerce.number().int().min(1).max(100).default(20),
  order: z.enum(["asc", "desc"]).default("desc"),
});

/** One page of a list (spec 3.3). */
export interface Page<T> {
  content: T[];
  totalElements: number;
  totalPages: number;
  page: number;
  pageSize: number;
}

export function toPage<T>(content: T[], totalElements: number, query: { page: number; pageSize: number }): Page<T> {
  return { content, totalElements, totalPages: Math.ceil(totalElements / query.pageSize), page: query.page, pageSize: query.pageSize };
}
