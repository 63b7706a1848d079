/** The faults that the driver throws outside of every promise when a connection is lost (src/store/driver-fault.ts), in a test. */
import { surviveLostConnections } from '../../src/store/driver-fault.ts';

/**
 * As the program does: exactly these pass, and any other fault ends the process. The runner counts each as a failed run, so
 * its own listeners rest meanwhile. Returns the undo.
 */
export function surviveAsTheProgram(): () => void {
  const listeners = process.listeners('uncaughtException');
  process.removeAllListeners('uncaughtException');
  const end = surviveLostConnections(() => {});
  return () => {
    end();
    for (const listener of listeners) process.on('uncaughtException', listener);
  };
}
