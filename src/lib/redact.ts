/** Blacks out known secrets in any text that is about to leave the program: a log line, a message, a page. */

export const CENSORED = '***';

/**
 * Replaces each secret, also in the form in which it stands inside JSON. Give the secrets longest first, so that
 * one that contains another goes whole (`secretsOf` does).
 */
export function redactText(text: string, secrets: readonly string[]): string {
  let out = text;
  for (const secret of secrets) {
    if (secret === '') continue;
    out = out.replaceAll(secret, CENSORED);
    const escaped = JSON.stringify(secret).slice(1, -1);
    if (escaped !== secret) out = out.replaceAll(escaped, CENSORED);
  }
  return out;
}
