import fs from "node:fs";
import path from "node:path";
import { StartError } from "./options.ts";

/** The line between two statements of a migration; SQL reads it as a comment. */
const BREAKPOINT = "--> statement-breakpoint";
/** The table that `wrangler d1 migrations` keeps, so that both can work on the same database. */
const LEDGER = "d1_migrations";

/**
 * Brings the database to the newest migration; what is applied already stays as it is.
 * @returns the names of those applied now.
 * @throws {StartError} when the database knows a migration that this version does not.
 */
export async function migrate(db: D1Database, folder: string, stateFolder: string): Promise<string[]> {
  const names = fs
    .readdirSync(folder)
    .filter((name) => name.endsWith(".sql"))
    .toSorted();
  await db
    .prepare(
      `CREATE TABLE IF NOT EXISTS ${LEDGER} (id INTEGER PRIMARY KEY AUTOINCREMENT, name TEXT UNIQUE, applied_at TIMESTAMP DEFAULT CURRENT_TIMESTAMP NOT NULL)`,
    )
    .run();
  const { results } = await db.prepare(`SELECT name FROM ${LEDGER}`).all<{ name: string }>();
  const applied = new Set(results.map((row) => row.name));
  const stranger = [...applied].find((name) => !names.includes(name));
  if (stranger) {
    throw new StartError(
      `The state in ${stateFolder} was written by another version of Star-Graph (${stranger}). Use that version, or another folder with --state.`,
    );
  }
  const pending = names.filter((name) => !applied.has(name));
  for (const name of pending) {
    const statements = fs.readFileSync(path.join(folder, name), "utf8").split(BREAKPOINT);
    // One batch: a migration that fails leaves nothing behind.
    await db.batch([...statements.map((sql) => db.prepare(sql)), db.prepare(`INSERT INTO ${LEDGER} (name) VALUES (?)`).bind(name)]);
  }
  return pending;
}
