/** Tells of connections that were not let in. postgres.js 3.4.9 says of a closed connection only that it was closed. */
import type postgres from 'postgres';

/** What the driver's queries have beside being promises. */
interface Query {
  /** Set once a connection has taken it. */
  readonly state: object | null;
  reject: (error: unknown) => void;
}

/**
 * The same client. A connection is made for a query, which begins once it was let in; so a query that fails before it began is
 * one whose connection was not: refused, not reached, or no login. Exactly one connection is closed for each, soon after.
 */
export function tellRefusals(sql: postgres.Sql, refused: () => void): postgres.Sql {
  const watch = (made: unknown): unknown => {
    // Others are pieces of a query.
    if (!(made instanceof Promise)) return made;
    const query = made as unknown as Query;
    const { reject } = query;
    query.reject = (error) => {
      if (query.state === null) refused();
      reject(error);
    };
    return made;
  };
  const { unsafe } = sql;
  // Not only in the proxy: the driver begins its transactions with it.
  Object.assign(sql, { unsafe: (...args: Parameters<typeof unsafe>) => watch(unsafe(...args)) });
  return new Proxy(sql, {
    apply: (target, _self, args) => watch(Reflect.apply(target as never, undefined, args)),
  });
}
