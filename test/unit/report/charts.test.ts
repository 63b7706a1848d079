import { expect, test } from 'vitest';
import { dayChart } from '../../../src/report/sync/charts.ts';
import { formatFor } from '../../../src/report/sync/format.ts';

test('the axis of a chart writes its numbers as the language does', () => {
  const { number } = formatFor('en', 'UTC');
  const day = { label: 'Nov 25', opened: 4_000, closed: 0, open: 4_000 };
  const frame = { id: 'c', title: 't', summary: 's', width: 860 };
  expect(dayChart(frame, [day], number).text).toContain('>4,000</text>');
});
