import { type SQL, sql } from "drizzle-orm";
import type { SQLiteColumn } from "drizzle-orm/sqlite-core";

/** These columns of a row as a JSON object, each under its name here and as the code reads it: true and false, not 1 and 0. */
export function jsonOf(columns: Record<string, SQLiteColumn>): SQL {
  const fields = Object.entries(columns).map(([name, column]) => sql`${name}, ${jsonValue(column)}`);
  return sql`json_object(${sql.join(fields, sql`, `)})`;
}

function jsonValue(column: SQLiteColumn): SQL {
  if (column.dataType === "boolean") return sql`json(iif(${column}, 'true', 'false'))`;
  return column.dataType === "json" ? sql`json(${column})` : sql`${column}`;
}
