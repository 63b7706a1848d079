/**
 * postgres.js 3.4.9 throws outside every promise when a connection is lost while a transaction has no query in flight:
 * its own `rollback` goes to a socket that is null. The transaction is rejected as it should be, so the exception says
 * nothing new, but unhandled it would end the daemon whenever Postgres restarts (docs/gotchas.md).
 */
export function isLostConnectionFault(error: unknown): boolean {
  return (
    error instanceof TypeError &&
    /^Cannot read properties of null \(reading 'write'\)$/.test(error.message) &&
    /[\\/]postgres[\\/](src|cjs[\\/]src)[\\/]connection\.js/.test(error.stack ?? '')
  );
}

/** Lets exactly that exception pass with a word in the log; any other still ends the process. Returns the undo. */
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
