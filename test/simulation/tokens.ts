/** Values that say which edit they are: each stands in the world once, so that what became of it can be counted. */
export function textToken(step: number, sub: number): string {
  return `T${step}x${sub}.`;
}

export function emailToken(step: number, sub: number): string {
  return `e${step}x${sub}@example.cn`;
}

/** A mobile number that is valid in China. */
export function phoneToken(step: number, sub: number): string {
  return `139${String(step * 10 + (sub % 10)).padStart(8, '0')}`;
}

/** Whatever form a side made of it. */
export function sameToken(a: string, b: string): boolean {
  return plain(a) === plain(b);
}

export function plain(value: string): string {
  const text = value.trim().toLowerCase();
  return /^\+?[\d\s-]{11,}$/.test(text) ? text.replaceAll(/\D/g, '').slice(-11) : text;
}
