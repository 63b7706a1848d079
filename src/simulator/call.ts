/** One call of the API as its handler sees it, and what handlers share. */
import type { IdForm } from './ids.ts';
import type { Meta } from './list.ts';

export interface Call {
  /** Parameters of query and body together; the body wins, as in Rails (udesk/api.md §11, 14: inferred). */
  readonly text: (name: string) => string;
  readonly body: Readonly<Record<string, unknown>>;
  /** Of a path such as `/agents/:id`; '' where the path has none. */
  readonly id: string;
  readonly notes: string[];
}

/** Gives the members of the answer, without `code`. */
export type Handler = (call: Call) => string;

export type Handlers = Readonly<Record<string, Handler>>;

export interface Context {
  /** How ids are written in this answer; draws once where the switch says so. */
  readonly responseIds: () => IdForm;
}

export function metaMember(pages: Meta): string {
  return `"meta":${JSON.stringify(pages)}`;
}

/** `/agents/12` is the call `/agents/:id`. */
export function normalPath(path: string): { readonly path: string; readonly id: string } {
  const match = /^(\/[a-z_]+)\/(\d+)((?:\/[a-z_]+)?)$/.exec(path);
  return match === null ? { path, id: '' } : { path: `${match[1]}/:id${match[3]}`, id: match[2] ?? '' };
}
