/** A browser without a screen: keeps cookies, follows nothing, and finds the token of a form. */
export interface Visitor {
  get(path: string, headers?: Record<string, string>): Promise<Answer>;
  /** With the token of the last page that had one, unless `csrf` is given. */
  post(path: string, fields?: Fields, headers?: Record<string, string>): Promise<Answer>;
  cookie(name: string): string | undefined;
}

/** As pairs where several have the same name. */
export type Fields = Readonly<Record<string, string>> | readonly (readonly [string, string])[];

export interface Answer {
  readonly status: number;
  readonly headers: Headers;
  readonly text: string;
  readonly location: string | null;
}

export function visitor(base: string): Visitor {
  const cookies = new Map<string, string>();
  let csrf = '';
  async function ask(path: string, init: RequestInit): Promise<Answer> {
    const cookie = [...cookies].map(([name, value]) => `${name}=${value}`).join('; ');
    const headers = new Headers(init.headers);
    if (cookie !== '') headers.set('cookie', cookie);
    const response = await fetch(base + path, { ...init, headers, redirect: 'manual' });
    for (const line of response.headers.getSetCookie()) {
      const [, name = '', value = ''] = /^([^=]+)=([^;]*)/.exec(line) ?? [];
      cookies.set(name, value);
    }
    const text = await response.text();
    csrf = /name="csrf" value="([^"]+)"/.exec(text)?.[1] ?? csrf;
    return {
      status: response.status,
      headers: response.headers,
      text,
      location: response.headers.get('location'),
    };
  }
  return {
    get: (path, headers = {}) => ask(path, { headers }),
    post(path, fields = {}, headers = {}) {
      const given = Array.isArray(fields) ? fields : Object.entries(fields);
      const own = given.some(([name]) => name === 'csrf') ? [] : [['csrf', csrf]];
      return ask(path, { method: 'POST', headers, body: new URLSearchParams([...own, ...given]) });
    },
    cookie: (name) => cookies.get(name),
  };
}
