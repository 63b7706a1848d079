/** Times as people say them. Pure. */
const STEPS: readonly (readonly [seconds: number, unit: string])[] = [
  [86_400, 'd'],
  [3_600, 'h'],
  [60, 'min'],
];

/** `12 s`, `3 min`, `2 h`, `5 d`. With `up` never less than it is. */
export function duration(ms: number, to: 'down' | 'up' = 'down'): string {
  const whole = to === 'up' ? Math.ceil : Math.floor;
  const seconds = Math.max(0, to === 'up' ? Math.ceil(ms / 1000) : Math.round(ms / 1000));
  for (const [size, unit] of STEPS) if (seconds >= size) return `${whole(seconds / size)} ${unit}`;
  return `${seconds} s`;
}

/** `12 s ago`; `never` for null. */
export function ago(iso: string | null, now: Date): string {
  return iso === null ? 'never' : `${duration(now.getTime() - Date.parse(iso))} ago`;
}
