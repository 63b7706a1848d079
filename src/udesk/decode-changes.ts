/**
 * What a change record of a customer's history says in its sentence (udesk/api.md §7): 将昵称从“A”设置为 “B”. The
 * sentence is made for people, so this reads what it surely understands and nothing else: words that could mean two
 * things, and fields whose sentence shows something else than the value (a label, a name), are said to be untold.
 */
import type { FieldChange } from '../core/witness-records.ts';

/** Null: the sentence cannot be read. Empty: it can, and no field that we know is meant. */
export function decodeChanges(
  summary: unknown,
  customSets: readonly string[] = [],
): readonly FieldChange[] | null {
  if (typeof summary !== 'string') return null;
  const sentence = summary.trim();
  if (CREATED.test(sentence)) return [];
  for (const form of FORMS) {
    const told = readForm(form, sentence);
    if (told !== null) return changesOf(told, customSets);
  }
  return null;
}

interface Told {
  readonly name: string;
  /** Undefined: the sentence does not mention what it replaced. */
  readonly from: string | null | undefined;
  readonly to: string | null;
}

const CREATED = /^(?:创建|新建)(?:了)?客户$|^(?:the )?customer (?:was )?created$/i;

/** Each is tried with the shortest and with the longest first value: two readings are none. */
const FORMS = [
  (any: string) =>
    new RegExp(
      `^将(?<name>.+?)(?:[从由](?<from>${QUOTED(any)}|${EMPTY}))?(?:设置为|修改为|变更为|改为|改成)\\s*(?<to>${QUOTED(any)}|${EMPTY})$`,
      's',
    ),
  (any: string) =>
    new RegExp(
      `^(?<name>[\\w .]+?) (?:was |is )?(?:changed|set|updated)(?: from (?<from>${QUOTED(any)}|${EMPTY}))? to (?<to>${QUOTED(any)}|${EMPTY})$`,
      'is',
    ),
] as const;

const EMPTY = '<空>|空|<empty>|empty|<blank>|blank';
function QUOTED(any: string): string {
  return `“${any}”|"${any}"|「${any}」|'${any}'`;
}

function readForm(form: (any: string) => RegExp, sentence: string): Told | null {
  const readings = ['.*?', '.*'].map((any) => form(any).exec(sentence)?.groups);
  const [short, long] = readings;
  if (!short || !long) return null;
  if (short.name !== long.name || short.from !== long.from || short.to !== long.to) return null;
  const value = (text: string) => (QUOTES.test(text) ? text.slice(1, -1) : null);
  return {
    name: short.name ?? '',
    from: short.from === undefined ? undefined : value(short.from),
    to: value(short.to ?? ''),
  };
}

const QUOTES = /^[“"「'].*[”"」']$/s;

/**
 * How the sentence calls our fields. An address may be the primary one or another: the set holds both. `values` false:
 * the sentence shows a name or a label where the API has an id or an option.
 */
const FIELDS: Readonly<Record<string, { readonly fields: readonly string[]; readonly values: boolean }>> = {
  昵称: { fields: ['nick_name'], values: true },
  客户姓名: { fields: ['nick_name'], values: true },
  姓名: { fields: ['nick_name'], values: true },
  nick_name: { fields: ['nick_name'], values: true },
  邮箱: { fields: ['email', 'emails'], values: true },
  email: { fields: ['email', 'emails'], values: true },
  其他邮箱: { fields: ['emails'], values: true },
  other_emails: { fields: ['emails'], values: true },
  电话: { fields: ['cellphones'], values: true },
  手机: { fields: ['cellphones'], values: true },
  cellphones: { fields: ['cellphones'], values: true },
  描述: { fields: ['description'], values: true },
  description: { fields: ['description'], values: true },
  外部标识: { fields: ['token'], values: true },
  open_api_token: { fields: ['token'], values: true },
  标签: { fields: ['tags'], values: true },
  tags: { fields: ['tags'], values: true },
  等级: { fields: ['level'], values: false },
  level: { fields: ['level'], values: false },
  黑名单: { fields: ['is_blocked'], values: false },
  is_blocked: { fields: ['is_blocked'], values: false },
  负责人: { fields: ['owner'], values: false },
  owner: { fields: ['owner'], values: false },
  负责组: { fields: ['owner_group'], values: false },
  owner_group: { fields: ['owner_group'], values: false },
  公司: { fields: ['organization'], values: false },
  organization: { fields: ['organization'], values: false },
};

const CUSTOM_NAME = /^[A-Z][A-Za-z]*Field_\d+$/;

function changesOf({ name, from, to }: Told, customSets: readonly string[]): readonly FieldChange[] | null {
  const called = name.trim();
  if (CUSTOM_NAME.test(called)) {
    const field = `custom.${called}`;
    // Options are told by their labels, or by their positions: nobody knows.
    return called.startsWith('Select') || customSets.includes(field) ? [{ field }] : [told(field, from, to)];
  }
  const known = Object.hasOwn(FIELDS, called) ? FIELDS[called] : undefined;
  // Perhaps the title of a custom field.
  if (known === undefined) return null;
  if (!known.values) return known.fields.map((field) => ({ field }));
  if (known.fields.includes('tags')) return tagChanges(from, to);
  return known.fields.map((field) => told(field, from, to));
}

function told(field: string, from: string | null | undefined, to: string | null): FieldChange {
  return from === undefined ? { field, to } : { field, from, to };
}

/** Tags are told as the whole list; which of them came and went is the difference. */
function tagChanges(from: string | null | undefined, to: string | null): FieldChange[] {
  const list = (text: string | null | undefined) =>
    (text ?? '')
      .split(/[,，、]/)
      .map((tag) => tag.trim())
      .filter(Boolean);
  const [before, after] = [list(from), list(to)];
  return [
    ...before.filter((tag) => !after.includes(tag)).map((tag) => ({ field: 'tags', from: tag, to: null })),
    ...after.filter((tag) => !before.includes(tag)).map((tag) => ({ field: 'tags', from: null, to: tag })),
  ];
}
