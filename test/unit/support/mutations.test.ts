import { existsSync, readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { expect, test } from 'vitest';
import { applyMutation } from '../../mutation/apply.ts';
import { MUTATIONS } from '../../mutation/mutations.ts';
import { BUGS } from '../../simulation/bugs.ts';

const root = fileURLToPath(new URL('../../../', import.meta.url));

test.each(MUTATIONS)('the known bug "$name" can still be put back, and its tests exist', (mutation) => {
  const source = readFileSync(`${root}${mutation.file}`, 'utf8');
  expect(applyMutation(source, mutation)).not.toBe(source);
  expect(mutation.tests.filter((path) => !existsSync(`${root}${path}`))).toEqual([]);
});

test.each(BUGS)('the known bug "$name" can still be put back for the simulation', (bug) => {
  const source = readFileSync(`${root}${bug.file}`, 'utf8');
  expect(applyMutation(source, bug)).not.toBe(source);
});

test('every complaint about other programs has a known bug that brings it back', () => {
  const told = new Set(MUTATIONS.flatMap(({ breaks }) => breaks.match(/\bT\d+/g) ?? []));
  const all = Array.from({ length: 26 }, (_, n) => `T${n + 1}`);
  expect(all.filter((complaint) => !told.has(complaint))).toEqual([]);
});

test('a mutation whose text is gone, or there twice, is named', () => {
  const mutation = { name: 'x', breaks: '', file: 'f.ts', find: 'a', replace: 'b', tests: [] };
  expect(() => applyMutation('c', mutation)).toThrow('mutation "x": its text is 0 times in f.ts');
  expect(() => applyMutation('aca', mutation)).toThrow('2 times');
  expect(applyMutation('cac', mutation)).toBe('cbc');
});

test('the document of the promises tells how many there are', () => {
  const told = /holds (\d+) bugs/.exec(readFileSync(`${root}docs/invariants.md`, 'utf8'))?.[1];
  expect(Number(told)).toBe(MUTATIONS.length);
});
