import { CANCEL_CHARGE, OWNER_SHARE_PERCENT, type RealBook, textOr } from "./real-book.ts";

interface Account {
  balance: number;
  frozen: number;
}

const OPEN = "pool = 'public' AND shard IN (0, 1) AND status IN ('PENDING', 'PROCESSING')";

/**
 * Holds the ledger against what the tasks say. After each event that wrote: every live task, every task that ended since, and
 * every account, so that the cost is that of what is live. `checkAll` reads everything.
 */
export class LedgerWatch {
  /** Status of each task that was ever seen; an end never becomes another. */
  readonly status = new Map<string, string>();
  readonly live = new Set<string>();
  readonly #book: RealBook;
  readonly #accounts = new Map<number, Account>();
  #changes = -1;

  constructor(book: RealBook) {
    this.#book = book;
  }

  /** Credits that came from outside. */
  granted(userId: number, amount: number): void {
    const account = this.#accounts.get(userId) ?? { balance: 0, frozen: 0 };
    this.#accounts.set(userId, { ...account, balance: account.balance + amount });
  }

  availableOf(userId: number): number {
    const { balance, frozen } = this.#accounts.get(userId) ?? { balance: 0, frozen: 0 };
    return balance - frozen;
  }

  /** @throws naming what does not hold. @returns tasks that have ended since. */
  check(): string[] {
    const ended: string[] = [];
    const changes = Number(this.#book.one("SELECT total_changes() AS n")?.["n"]);
    if (changes === this.#changes) return ended;
    this.#changes = changes;
    const rows = this.#book.books.all(`SELECT t.id, t.user_id, t.status, t.cost, (SELECT count(*) FROM attempts a WHERE a.task_id = t.id
      AND a.outcome IS NULL) AS running FROM tasks t WHERE ${OPEN}`);
    const open = new Set<string>();
    for (const { id, user_id, status, cost, running } of rows) {
      const taskId = String(id);
      open.add(taskId);
      if (!this.status.has(taskId)) {
        this.live.add(taskId);
        this.#move(Number(user_id), { balance: 0, frozen: Number(cost) });
      }
      if (Number(running) !== (status === "PROCESSING" ? 1 : 0))
        throw new Error(`${taskId} is ${String(status)} with ${Number(running)} running attempts`);
      this.status.set(taskId, String(status));
    }
    for (const taskId of this.live) {
      if (open.has(taskId)) continue;
      this.#end(taskId);
      ended.push(taskId);
    }
    this.#checkAccounts();
    return ended;
  }

  #end(taskId: string): void {
    const row = this.#book.one(
      `SELECT t.user_id, t.status, t.cost, s.kind, t.attempt_id, a.outcome, k.user_id AS owner,
        (SELECT count(*) FROM attempts WHERE task_id = t.id AND outcome IS NULL) AS running,
        (SELECT group_concat(file_key) FROM results WHERE task_id = t.id) AS files,
        (SELECT group_concat(amount) FROM fund_records r WHERE r.task_id = t.id AND r.type = 'DEDUCT') AS charged
      FROM tasks t LEFT JOIN settlements s ON s.task_id = t.id LEFT JOIN attempts a ON a.id = t.attempt_id
      LEFT JOIN agent_keys k ON k.id = CAST(a.agent_id AS INTEGER) WHERE t.id = ?`,
      taskId,
    );
    const { user_id, status, cost, kind, attempt_id, outcome, owner, running, files, charged } = row ?? {};
    const isCompleted = status === "COMPLETED";
    const expected = isCompleted
      ? { kind: "CAPTURED", running: 0, files: `results/${textOr("none", attempt_id)}/0.png`, charged: String(-Number(cost)) }
      : { kind: "RELEASED", running: 0, files: null, charged: status === "CANCELLED" && charged === `-${CANCEL_CHARGE}` ? charged : null };
    const found = { kind, running, files, charged };
    if (JSON.stringify(found) !== JSON.stringify(expected)) throw new Error(`${taskId} ended with ${JSON.stringify({ status, ...found })}`);
    if (isCompleted && outcome !== "COMPLETED") throw new Error(`${taskId} was completed by an attempt that is ${textOr("not", outcome)}`);
    this.status.set(taskId, String(status));
    this.live.delete(taskId);
    this.#move(Number(user_id), { balance: Number(expected.charged ?? 0), frozen: -Number(cost) });
    const share = Math.floor((Number(cost) * OWNER_SHARE_PERCENT) / 100);
    if (isCompleted && typeof owner === "number") this.#move(owner, { balance: share, frozen: 0 });
  }

  #move(userId: number, by: Account): void {
    const { balance, frozen } = this.#accounts.get(userId) ?? { balance: 0, frozen: 0 };
    this.#accounts.set(userId, { balance: balance + by.balance, frozen: frozen + by.frozen });
  }

  #checkAccounts(): void {
    for (const { user_id, balance, frozen } of this.#book.books.all("SELECT user_id, balance, frozen FROM accounts")) {
      const expected = this.#accounts.get(Number(user_id));
      if (expected?.balance !== balance || expected?.frozen !== frozen)
        throw new Error(`an account is ${JSON.stringify({ user_id, balance, frozen })}, by its tasks ${JSON.stringify(expected)}`);
    }
  }

  /** Everything, from its beginning. @throws naming what does not hold. */
  checkAll(): void {
    this.check();
    const { violations } = this.#book.books;
    if (violations.length > 0) throw new Error(`the ledger: ${JSON.stringify(violations.slice(0, 3))}`);
    for (const { id, status } of this.#book.books.all("SELECT id, status FROM tasks")) {
      if (this.status.get(String(id)) !== status)
        throw new Error(`${String(id)} was ${this.status.get(String(id))} and is ${String(status)}`);
    }
  }
}
