/**
 * What postgres.js 3.4.9 throws outside of every promise of ours when a connection is lost. Whoever waited for that connection is
 * told as well, so these say nothing new, but unhandled they would end the daemon whenever Postgres restarts (docs/gotchas.md).
 */
export function isLostConnectionFault(error: unknown): boolean {
  return error instanceof Error && (isRollbackToNobody(error) || isLostTypesQuery(error));
}

/** Lost while a transaction has no query in flight: the driver's own `rollback` goes to a socket that is null. */
function isRollbackToNobody(error: Error): boolean {
  return (
    error instanceof TypeError &&
    /^Cannot read properties of null \(reading 'write'\)$/.test(error.message) &&
    /[\\/]postgres[\\/](src|cjs[\\/]src)[\\/]connection\.js/.test(error.stack ?? '')
  );
}

/**
 * Lost right after the login: the driver asks each connection for its array types, and nobody awaits that. Any other failure of
 * it is not let pass, since arrays would be read wrongly from then on.
 */
function isLostTypesQuery(error: Error): boolean {
  const { code, query } = error as { code?: unknown; query?: unknown };
  return (
    typeof query === 'string' &&
    /^\s*select b\.oid, b\.typarray\s/.test(query) &&
    typeof code === 'string' &&
    // The driver's own, or those of a socket; SQLSTATEs have five places and a digit.
    /^(CONNECTION_[A-Z]+|CONNECT_TIMEOUT|E[A-Z]+)$/.test(code)
  );
}

/** Lets exactly those faults pass with a word in the log; any other still ends the process. Returns the undo. */
export function surviveLostConnections(onFault: () => void): () => void {
  const listener = (error: unknown) => {
    if (isLostConnectionFault(error)) {
      onFault();
      return;
    }
    process.removeListener('uncaughtException', listener);
    // As Node would have done it: nothing is hidden, and nothing goes on in an unknown state.
    setImmediate(() => {
      throw error;
    });
  };
  process.on('uncaughtException', listener);
  return () => {
    process.removeListener('uncaughtException', listener);
  };
}
