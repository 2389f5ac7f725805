import { beforeEach, expect, test, vi } from "vitest";
import { openDatabase } from "../db/client.ts";
import { CHECK_EVERY_MS, checkLedger, continueLedgerCheck } from "./check-ledger.ts";
import { createLedgerCheckStore, type LedgerCheckStore } from "./ledger-check-store.ts";
import { Books } from "./testing/books.ts";

const NOW = Date.UTC(2026, 5, 15, 12);
/** More than two statements look at. */
const ACCOUNTS = 1_100;

let books: Books;
let store: LedgerCheckStore;

beforeEach(async () => {
  vi.spyOn(console, "error").mockImplementation(() => {});
  vi.spyOn(console, "info").mockImplementation(() => {});
  books = new Books();
  for (let n = 0; n < ACCOUNTS; n++) await books.addUser(0);
  store = createLedgerCheckStore(openDatabase(books.d1));
});

const spoil = (...users: number[]) => {
  for (const user of users) books.sqlite.exec(`UPDATE accounts SET balance = 5 WHERE user_id = ${user}`);
};

test("a scheduled check looks at every account, and names those that do not add up", async () => {
  spoil(1001, 1700, 2100);
  await continueLedgerCheck(store, NOW);
  expect(await store.readCheckState()).toEqual({
    startTime: NOW,
    endTime: NOW,
    checkedTo: 1000 + ACCOUNTS,
    accounts: ACCOUNTS,
    faults: 3,
    userIds: [1001, 1700, 2100],
  });
  const lines = vi.mocked(console.error).mock.calls.map(([line]) => JSON.parse(String(line)) as Record<string, unknown>);
  expect(lines).toMatchObject([
    { event: "account does not add up", userId: 1001, balance: 5, recorded: 0 },
    { event: "account does not add up", userId: 1700 },
    { event: "account does not add up", userId: 2100 },
    { event: "ledger checked", accounts: ACCOUNTS, faults: 3 },
  ]);
});

test("the next one begins an hour after its end, and forgets what the last one found", async () => {
  spoil(1500);
  await continueLedgerCheck(store, NOW);
  books.sqlite.exec("UPDATE accounts SET balance = 0");
  await continueLedgerCheck(store, NOW + CHECK_EVERY_MS - 1);
  expect(await store.readCheckState()).toMatchObject({ startTime: NOW, faults: 1 });
  await continueLedgerCheck(store, NOW + CHECK_EVERY_MS);
  expect(await store.readCheckState()).toMatchObject({ startTime: NOW + CHECK_EVERY_MS, accounts: ACCOUNTS, faults: 0, userIds: [] });
});

test("one that was cut off goes on where it was", async () => {
  spoil(1001);
  const asked: number[] = [];
  const shaky = {
    ...store,
    checkAccounts(after: number, limit: number) {
      asked.push(after);
      if (asked.length === 3) throw new Error("D1 is away");
      return store.checkAccounts(after, limit);
    },
  };
  await expect(continueLedgerCheck(shaky, NOW)).rejects.toThrow("D1 is away");
  expect(await store.readCheckState()).toMatchObject({ endTime: null, checkedTo: 2000, faults: 1 });
  await continueLedgerCheck(shaky, NOW + 60_000);
  expect(asked).toEqual([0, 1500, 2000, 2000]);
  expect(await store.readCheckState()).toMatchObject({ startTime: NOW, endTime: NOW + 60_000, accounts: ACCOUNTS, faults: 1 });
});

test("an administrator sees all accounts as they are now, and those that do not add up page by page", async () => {
  spoil(1001, 1700, 2100);
  expect(await checkLedger(store, { page: 2, pageSize: 2 })).toMatchObject({
    accounts: ACCOUNTS,
    isSound: false,
    faults: [{ userId: 2100, balance: 5, recorded: 0, freezed: 0, held: 0 }],
    totalFaults: 3,
    totalPages: 2,
    lastCheck: null,
  });
  await continueLedgerCheck(store, NOW);
  books.sqlite.exec("UPDATE accounts SET balance = 0");
  expect(await checkLedger(store, { page: 1, pageSize: 20 })).toMatchObject({
    isSound: true,
    faults: [],
    lastCheck: { startTime: "2026-06-15T12:00:00", faults: 3 },
  });
});
