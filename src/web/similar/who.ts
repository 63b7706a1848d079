import { type Html, html } from '../../report/html.ts';
import type { Visit } from '../visit.ts';

const RULE = /^rule:([1-9]\d*) for (.*)$/s;

/** As `whoText`, where there is no room for a link. */
export function whoPlain({ t }: Pick<Visit, 't'>, who: string): string {
  const [, id, by] = RULE.exec(who) ?? [];
  return id === undefined || by === undefined ? who : t('rule.for', { id, who: by });
}

/** Whoever decided: a person by name, a rule with the person on whose behalf. */
export function whoText({ t }: Visit, who: string): Html {
  const [, id, by] = RULE.exec(who) ?? [];
  if (id === undefined || by === undefined) return html`${who}`;
  return html`<a href="/conflicts/rules/${id}">${t('rule.for', { id, who: by })}</a>`;
}
