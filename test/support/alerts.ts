/** Pieces of the tests of alerts. */
import type { WebhookAlertConfig } from '../../src/config/schema.ts';
import type { PairHealth, PairWorker } from '../../src/daemon/pair-worker.ts';

export function alertConfig(
  over: Partial<WebhookAlertConfig> & { readonly url: string },
): WebhookAlertConfig {
  return {
    type: 'webhook',
    on: ['guard', 'auth', 'stalled', 'conflict-digest'],
    digestAt: '09:00',
    remindHours: 24,
    stalledMinutes: 15,
    sweepHours: 24,
    ...over,
  };
}

export interface FakeWorker extends Pick<PairWorker, 'name'> {
  health: PairHealth;
}

export const WELL: PairHealth = {
  lastGoodAtMs: 0,
  failures: 0,
  lastError: null,
  lastKind: null,
  lastSide: null,
};

export function failingWorker(): FakeWorker {
  return {
    name: 'main',
    health: {
      ...WELL,
      failures: 3,
      lastError: 'the login of ann@example.com was refused',
      lastKind: 'auth',
      lastSide: 'crm',
    },
  };
}
