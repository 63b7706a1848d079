import { spawnSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, describe, expect, test } from 'vitest';

const unit = readFileSync(
  fileURLToPath(new URL('../../../config/udesk-sync.service', import.meta.url)),
  'utf8',
);
const directives = unit.split('\n').filter((line) => /^[A-Za-z]+=/.test(line));
const valuesOf = (name: string) =>
  directives.filter((line) => line.startsWith(`${name}=`)).map((line) => line.slice(name.length + 1));

const folder = mkdtempSync(join(tmpdir(), 'udesk-sync-unit-'));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

/** As written, but with a program that exists on this machine: the check wants to find it. */
function copyForHere(): string {
  const path = join(folder, 'udesk-sync.service');
  writeFileSync(path, unit.replace(/^ExecStart=.*$/m, `ExecStart=${process.execPath} run`));
  return path;
}

const hasTool = spawnSync('systemd-analyze', ['--version']).status === 0;

describe('the systemd unit', () => {
  test('gives the service no privilege, no place to write but its own, and no secret in its environment', () => {
    const wanted = {
      User: ['udesk-sync'],
      NoNewPrivileges: ['yes'],
      CapabilityBoundingSet: [''],
      ProtectSystem: ['strict'],
      ProtectHome: ['yes'],
      PrivateTmp: ['yes'],
      PrivateDevices: ['yes'],
      RestrictSUIDSGID: ['yes'],
      StateDirectory: ['udesk-sync'],
    };
    for (const [name, values] of Object.entries(wanted)) expect(valuesOf(name), name).toEqual(values);
    expect(valuesOf('ReadWritePaths')).toEqual([]);
    const credentials = valuesOf('LoadCredential').map((value) => value.split(':')[0]);
    for (const line of valuesOf('Environment').filter((value) => /TOKEN|PASSWORD|URL|SECRET/.test(value))) {
      const [, name] = /^\w+_FILE=%d\/(\w+)$/.exec(line) ?? [];
      expect(credentials, line).toContain(name);
    }
  });

  test('starts again after a crash, not after a wrong configuration, and leaves time to finish what is in flight', () => {
    expect(valuesOf('Restart')).toEqual(['on-failure']);
    expect(valuesOf('RestartPreventExitStatus')).toEqual(['2']);
    expect(Number.parseInt(valuesOf('TimeoutStopSec')[0] ?? '0', 10)).toBeGreaterThan(30);
  });

  test('never gives the service up: no number of starts that failed locks it out', () => {
    expect(valuesOf('StartLimitIntervalSec')).toEqual(['0']);
    expect(valuesOf('StartLimitBurst')).toEqual([]);
    expect(valuesOf('StartLimitAction')).toEqual([]);
  });

  test.skipIf(!hasTool)(
    'is one that systemd reads without a complaint (skipped without systemd-analyze)',
    () => {
      const said = spawnSync('systemd-analyze', ['verify', copyForHere()], { encoding: 'utf8' });
      const about = said.stderr.split('\n').filter((line) => line.includes('udesk-sync.service:'));
      expect(about.filter((line) => !/Unit .* not found/.test(line))).toEqual([]);
    },
  );

  test.skipIf(!hasTool)(
    'is exposed less than 2 of 10 by the measure of systemd (skipped without systemd-analyze)',
    () => {
      const said = spawnSync(
        'systemd-analyze',
        ['security', '--offline=true', '--threshold=20', copyForHere()],
        { encoding: 'utf8', env: { ...process.env, SYSTEMD_COLORS: '0' } },
      );
      const [, level] = /exposure level for udesk-sync\.service: ([\d.]+)/.exec(said.stdout) ?? [];
      expect(Number(level)).toBeLessThan(2);
      expect(said.status).toBe(0);
    },
  );
});
