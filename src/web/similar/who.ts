import { type Html, html } from '../../report/html.ts';
import type { Visit } from '../visit.ts';

/** Whoever decided: a person by name, a rule with the person on whose behalf. */
export function whoText({ t }: Visit, who: string): Html {
  const [, id, by] = /^rule:([1-9]\d*) for (.*)$/s.exec(who) ?? [];
  if (id === undefined || by === undefined) return html`${who}`;
  return html`<a href="/conflicts/rules/${id}">${t('rule.for', { id, who: by })}</a>`;
}
