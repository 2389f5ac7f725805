import { expect, test } from "vitest";
import { PageQuery, toPage } from "./page.ts";
import { toWireTime } from "./wire-time.ts";

test("a list without a query is its first twenty, newest first", () => {
  expect(PageQuery.parse({})).toEqual({ page: 1, pageSize: 20, order: "desc" });
});

test.each([{ page: "0" }, { page: "1.5" }, { page: "x" }, { pageSize: "101" }, { pageSize: "0" }, { order: "up" }])(
  "refuses the page %o",
  (query) => {
    expect(PageQuery.safeParse(query).success).toBe(false);
  },
);

test("a page knows how many there are", () => {
  const query = { page: 2, pageSize: 20 };
  expect(toPage(["a"], 41, query)).toEqual({ content: ["a"], totalElements: 41, totalPages: 3, page: 2, pageSize: 20 });
  expect(toPage([], 0, query)).toMatchObject({ totalPages: 0 });
});

test("a time on the wire is UTC without a zone", () => {
  expect(toWireTime(Date.UTC(2024, 9, 2, 10, 0, 0, 999))).toBe("2024-10-02T10:00:00");
});
