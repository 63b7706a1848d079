/** What stands in the way of references that travel by name, in words. Agents are told by id, never by their address. Pure. */
import type { DirectoryKind, KnownEntry } from '../store/directory.ts';

export interface Names {
  readonly message: string;
  readonly advice: string;
}

export function sharedWords(one: { readonly kind: DirectoryKind; readonly ids: readonly string[] }): Names {
  return {
    message: `${one.ids.length} ${one.kind}s of Udesk (${one.ids.join(', ')}) have one name: it is shown to the CRM, and never written from there, because it does not say which of them is meant`,
    advice: 'Give them different names in Udesk.',
  };
}

export function renamedWords({ kind, id, word, today }: KnownEntry, pair: string): Names {
  const message =
    kind === 'agent'
      ? `agent ${id} has another e-mail address in Udesk than the one that travels`
      : `${kind} ${id} is called "${today}" and travels as "${word}"`;
  return {
    message,
    advice: `Both names are understood. To bring today's names to the CRM: udesk-sync check --pin-options --pair ${pair}`,
  };
}

export function namelessWords({ kind, id }: KnownEntry): Names {
  const what = kind === 'agent' ? 'no e-mail address' : 'no name';
  return {
    message: `${kind} ${id} has ${what} in Udesk: customers who hold it are left alone in this field`,
    advice: `Give it one in Udesk.`,
  };
}

export function unknownWords(field: string, count: number): Names {
  return {
    message: `${field}: ${count} ${count === 1 ? 'name' : 'names'} of the CRM cannot be written to Udesk, because Udesk knows none, or several, of that name`,
    advice: `See udesk-sync conflicts list --field ${field} --kind unmappable. They go on by themselves once Udesk knows the name.`,
  };
}
