import { z } from "zod";

/** `page` and `pageSize` of every list (spec 3.3); each list adds the `sort` fields that it documents. */
export const PageQuery = z.object({
  page: z.coerce.number().int().min(1).max(1_000_000).default(1),
  pageSize: z.coerce.number().int().min(1).max(100).default(20),
  order: z.enum(["asc", "desc"]).default("desc"),
});

const PAGE = { totalElements: z.int(), totalPages: z.int(), page: z.int(), pageSize: z.int() };

/** The answer of a list whose lines have this shape (spec 3.3). */
export function pageOf<Item extends z.ZodType>(item: Item) {
  return z.object({ content: z.array(item), ...PAGE });
}

/** One page of a list (spec 3.3). */
export type Page<T> = Omit<z.infer<ReturnType<typeof pageOf>>, "content"> & { content: T[] };

export function toPage<T>(content: T[], totalElements: number, query: { page: number; pageSize: number }): Page<T> {
  return { content, totalElements, totalPages: Math.ceil(totalElements / query.pageSize), page: query.page, pageSize: query.pageSize };
}
