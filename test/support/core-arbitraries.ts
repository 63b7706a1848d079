/** Random pairs and links for property tests of the core: small alphabets, so that values meet. */
import fc from 'fast-check';
import type { ActiveConflict, FieldBase, LinkState, Presence } from '../../src/core/link.ts';
import { type FieldSpec, type PairSpec, POLICIES } from '../../src/core/spec.ts';
import { ABSENT, type Element, type Value } from '../../src/core/value.ts';
import { field, pair } from './core-fixtures.ts';

const MAP = [
  ['a', 'xa'],
  ['b', 'xb'],
  ['c', 'xc'],
] as const;

export interface FieldCase {
  readonly spec: FieldSpec;
  readonly udesk: Value | undefined;
  readonly crm: Value | undefined;
  readonly base: FieldBase | null;
  readonly row: ActiveConflict | null;
}

/** A value of `side`, as a mapped field (words of the map and a stray one) or a plain one. */
function values(spec: FieldSpec, side: 'udesk' | 'crm'): fc.Arbitrary<Value> {
  const prefix = spec.map !== null && side === 'crm' ? 'x' : '';
  const word = fc
    .constantFrom('a', 'b', 'c', 'stray')
    .map((text) => (text === 'stray' ? text : prefix + text));
  if (spec.shape === 'scalar') {
    return fc.oneof({ weight: 4, arbitrary: word }, fc.constantFrom<Value>(null, ABSENT, '', ' '));
  }
  const element = fc.record({ id: fc.option(fc.constantFrom('1', '2', '3', '4')), value: word });
  return fc.uniqueArray(element, { maxLength: 4, selector: (e: Element) => e.id ?? Symbol() });
}

const specs: fc.Arbitrary<FieldSpec> = fc
  .record({
    shape: fc.constantFrom('scalar' as const, 'scalar' as const, 'set' as const),
    equivalence: fc.constantFrom('text' as const, 'exact' as const, 'email' as const),
    direction: fc.constantFrom('both' as const, 'both' as const, 'to-crm' as const, 'to-udesk' as const),
    policy: fc.constantFrom('hold' as const, 'hold' as const, ...POLICIES),
    onBlocked: fc.constantFrom('hold' as const, 'revert' as const, 'ignore' as const),
    map: fc.constantFrom(null, null, MAP),
  })
  .map((over) => field(over));

function bases(spec: FieldSpec): fc.Arbitrary<FieldBase | null> {
  const one = values(spec, 'udesk').map(
    (value): FieldBase => ({ udesk: value, crm: mirror(spec, value), accepted: false }),
  );
  const two = fc.record({
    udesk: values(spec, 'udesk'),
    crm: values(spec, 'crm'),
    accepted: fc.boolean(),
  });
  return fc.oneof(fc.constant(null), { weight: 3, arbitrary: one }, two);
}

/** The corresponding CRM value, where there is one; ids are the CRM's own. */
function mirror(spec: FieldSpec, value: Value): Value {
  const word = (text: string) =>
    spec.map !== null && text.trim() !== '' && text !== 'stray' ? `x${text}` : text;
  if (Array.isArray(value)) return value.map((e: Element) => ({ id: null, value: word(e.value) }));
  return typeof value === 'string' ? word(value) : value;
}

export interface CaseOptions {
  readonly rows?: boolean;
}

export function fieldCase({ rows = false }: CaseOptions = {}): fc.Arbitrary<FieldCase> {
  return specs.chain((spec) =>
    bases(spec).chain((base) => {
      // Often unchanged: that is where the quiet cells are.
      const side = (name: 'udesk' | 'crm') =>
        base === null
          ? values(spec, name)
          : fc.oneof(fc.constant(base[name]), { weight: 2, arbitrary: values(spec, name) });
      return fc.record({
        spec: fc.constant(spec),
        udesk: fc.option(side('udesk'), { nil: undefined, freq: 12 }),
        crm: fc.option(side('crm'), { nil: undefined, freq: 12 }),
        base: fc.constant(base),
        row: rows ? rowOf(spec, base) : fc.constant(null),
      });
    }),
  );
}

function rowOf(spec: FieldSpec, base: FieldBase | null): fc.Arbitrary<ActiveConflict | null> {
  const row = fc.record({
    id: fc.constant('K'),
    field: fc.constant(spec.udesk),
    kind: fc.constantFrom(
      'edit/edit' as const,
      'first-link' as const,
      'element' as const,
      'unmappable' as const,
    ),
    base: fc.constant(base),
    udesk: values(spec, 'udesk'),
    crm: values(spec, 'crm'),
    decision: fc.option(
      fc.record({
        id: fc.constant('D'),
        take: fc.constantFrom('udesk' as const, 'crm' as const, 'base' as const),
        value: fc.constant(null),
      }),
    ),
  });
  return fc.option(row);
}

export interface LinkCase {
  readonly spec: PairSpec;
  readonly link: LinkState;
}

export function linkCase(options: CaseOptions = {}): fc.Arbitrary<LinkCase> {
  return fc
    .record({
      fields: fc.array(fieldCase(options), { minLength: 1, maxLength: 3 }),
      capacity: fc.constantFrom({}, {}, { f0: 2 }),
    })
    .map(({ fields, capacity }) => build(fields, capacity));
}

function build(fields: readonly FieldCase[], capacity: Record<string, number>): LinkCase {
  const named = fields.map((one, i) => ({ ...one, spec: { ...one.spec, udesk: `f${i}`, crm: `f${i}` } }));
  const record = (side: 'udesk' | 'crm'): Presence => {
    const entries = named.flatMap(({ spec, [side]: value }) =>
      value === undefined ? [] : [[spec.udesk, value]],
    );
    const id = side === 'udesk' ? 'u1' : 'c1';
    return {
      state: 'live',
      record: { id, fields: Object.fromEntries(entries), externalId: null, version: null, updatedAt: null },
    };
  };
  const bases = named.flatMap(({ spec, base }) => (base === null ? [] : [[spec.udesk, base]]));
  return {
    spec: pair(
      named.map(({ spec }) => spec),
      { capacity: { udesk: {}, crm: capacity } },
    ),
    link: {
      linkId: 'L1',
      udeskId: 'u1',
      crmId: 'c1',
      udesk: record('udesk'),
      crm: record('crm'),
      bases: Object.fromEntries(bases),
      conflicts: named.flatMap(({ spec, row }) => (row === null ? [] : [{ ...row, field: spec.udesk }])),
    },
  };
}
