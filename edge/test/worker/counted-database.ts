/** What D1 bills for: rows read and rows written, summed over statements. */
export interface RowCount {
  read: number;
  written: number;
}

/** The same database, counting what every statement reads and writes. Nothing of the Worker knows of it. */
export function countedDatabase(real: D1Database): { db: D1Database; count: RowCount } {
  const count: RowCount = { read: 0, written: 0 };
  const add = <R extends { meta: D1Meta & Record<string, unknown> }>(result: R): R => {
    count.read += result.meta.rows_read;
    count.written += result.meta.rows_written;
    return result;
  };
  const statements = new WeakMap<D1PreparedStatement, D1PreparedStatement>();

  function counted(statement: D1PreparedStatement): D1PreparedStatement {
    const proxy = new Proxy(statement, {
      get(target, name, receiver) {
        switch (name) {
          case "bind":
            return (...values: unknown[]) => counted(target.bind(...values));
          case "run":
          case "all":
            return async () => add(await target.all());
          case "first":
            return async (column?: string) => {
              const [row] = add(await target.all()).results;
              return row === undefined ? null : column === undefined ? row : row[column];
            };
          case "raw":
            return async () => {
              const result = add(await target.all());
              // Objects lose one of two columns with the same name; only a read may be repeated to see them all.
              return result.meta.changed_db ? result.results.map((row) => Object.values(row)) : target.raw();
            };
          default:
            return Reflect.get(target, name, receiver) as unknown;
        }
      },
    });
    statements.set(proxy, statement);
    return proxy;
  }

  const db = new Proxy(real, {
    get(target, name, receiver) {
      if (name === "prepare") return (sql: string) => counted(target.prepare(sql));
      if (name === "batch") {
        return async (batch: D1PreparedStatement[]) => (await target.batch(batch.map((one) => statements.get(one) ?? one))).map(add);
      }
      return Reflect.get(target, name, receiver) as unknown;
    },
  });
  return { db, count };
}
