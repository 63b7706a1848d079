/**
 * Statements that the server parses and plans once per connection. drizzle sends every statement of `db.execute` unnamed,
 * which costs a round trip to learn its types, and a parse and a plan, each time; ours are few and always the same text.
 */
import type postgres from 'postgres';

type Unsafe = postgres.Sql['unsafe'];

/** The same client, whose statements with parameters are prepared. In a transaction, too. */
export function withPrepared(sql: postgres.Sql): postgres.Sql {
  return new Proxy(sql, {
    get(target, key, receiver) {
      if (key === 'unsafe') return preparing(target.unsafe);
      if (key === 'begin' || key === 'savepoint') {
        return (...args: unknown[]) => {
          const work = args.pop() as (inner: postgres.Sql) => unknown;
          const begin = Reflect.get(target, key, target) as (...all: unknown[]) => unknown;
          return begin(...args, (inner: postgres.Sql) => work(withPrepared(inner)));
        };
      }
      return Reflect.get(target, key, receiver) as unknown;
    },
  });
}

function preparing(unsafe: Unsafe): Unsafe {
  return ((query: string, params: unknown[] = [], options = {}) =>
    unsafe(query, params as never[], {
      ...options,
      prepare: params.length > 0,
    })) as Unsafe;
}
