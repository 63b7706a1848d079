/** `udesk-sync simulate udesk`: a Udesk that answers like the real one, for trying things without a tenant. */
import { once } from 'node:events';
import { type Command, InvalidArgumentError, Option } from 'commander';
import { SyncError, toError } from '../errors.ts';
import { SWITCHES } from '../simulator/switches.ts';
import type { CliContext } from './context.ts';

interface SimulateOptions {
  readonly port: number;
  readonly controlPort: number;
  readonly customers: number;
  readonly seed: string;
  readonly switch: Readonly<Record<string, string>>;
}

export function registerSimulate(program: Command, context: CliContext): void {
  const simulate = program.command('simulate').description('run a simulated system');
  simulate
    .command('udesk')
    .description('a Udesk tenant over HTTP on this machine; runs until Ctrl-C')
    .addOption(
      new Option('--port <number>', 'port of the Open API; 0: a free one').default(4010).argParser(port),
    )
    .addOption(
      new Option('--control-port <number>', 'port of the control interface; 0: a free one')
        .default(0)
        .argParser(port),
    )
    .addOption(
      new Option('--customers <number>', 'how many customers to invent').default(500).argParser(wholeNumber),
    )
    .option('--seed <text>', 'the same seed gives the same tenant', '1')
    .addOption(
      new Option('--switch <name=value>', 'change one behaviour; may be given more than once')
        .default({}, 'none')
        .argParser(assignment),
    )
    .addHelpText('after', () => `\nSwitches:\n${switchList()}`)
    .action((options: SimulateOptions) => runSimulator(options, context));
}

async function runSimulator(options: SimulateOptions, context: CliContext): Promise<void> {
  const { startSimulator } = await import('../simulator/simulator.ts');
  const simulator = await startSimulator({ ...options, switches: options.switch }).catch(
    (thrown: unknown) => {
      throw portError(thrown);
    },
  );
  try {
    const { url, controlUrl, admin } = simulator;
    if (context.json) {
      context.printJson({
        simulator: {
          url,
          controlUrl,
          email: admin.email,
          token: admin.token,
          customers: options.customers,
          seed: options.seed,
        },
      });
    } else {
      context.print(
        [
          `Udesk simulator with ${options.customers} customers (seed ${options.seed}).`,
          `  baseUrl  ${url}`,
          `  email    ${admin.email}`,
          `  token    ${admin.token}`,
          `  control  ${controlUrl ?? 'none'}`,
          'Ctrl-C ends it.',
        ].join('\n'),
      );
    }
    if (!context.signal.aborted) await once(context.signal, 'abort');
  } finally {
    await simulator.close();
  }
}

function portError(thrown: unknown): Error {
  const error = toError(thrown) as NodeJS.ErrnoException & { port?: number };
  if (error.code !== 'EADDRINUSE' && error.code !== 'EACCES') return error;
  const why = error.code === 'EADDRINUSE' ? 'is in use' : 'may not be used by this user';
  return new SyncError('config', `Port ${error.port ?? ''} ${why}.`, {
    code: error.code,
    advice: 'Choose another with --port or --control-port; 0 takes a free one.',
  });
}

function port(text: string): number {
  const number = wholeNumber(text);
  if (number > 65_535) throw new InvalidArgumentError('A port is a whole number from 0 to 65535.');
  return number;
}

function wholeNumber(text: string): number {
  if (!/^\d{1,9}$/.test(text)) throw new InvalidArgumentError('A whole number is expected.');
  return Number(text);
}

function assignment(text: string, before: Readonly<Record<string, string>>): Record<string, string> {
  const at = text.indexOf('=');
  if (at < 1) throw new InvalidArgumentError('Write it as name=value.');
  return { ...before, [text.slice(0, at)]: text.slice(at + 1) };
}

function switchList(): string {
  return Object.entries(SWITCHES)
    .map(([name, spec]) => {
      const values = 'values' in spec ? spec.values.join(' | ') : `${spec.min} to ${spec.max}`;
      return `  ${name}=${spec.default}\n      ${spec.doc} (${values})`;
    })
    .join('\n');
}
