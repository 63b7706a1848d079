import { expect, test } from 'vitest';
import { phoneForms } from '../../../src/core/phone.ts';

test.each([
  ['+8613800138000', 'CN', ['13800138000', '+8613800138000']],
  ['+861062345678', 'CN', ['01062345678', '+861062345678']],
  ['+14155552671', 'CN', ['+14155552671']],
  ['12', 'CN', ['12']],
  ['+861062345678;ext=12', 'CN', ['+861062345678;ext=12']],
])('a side that compares letter by letter is asked for %s in %s as %j', (phone, region, forms) => {
  expect(phoneForms(phone, region)).toEqual(forms);
});
