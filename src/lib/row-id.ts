/** The id of a row of ours as text: what Postgres takes for a bigint without another look. */
export const ROW_ID = /^[1-9]\d{0,17}$/;

export function isRowId(text: string): boolean {
  return ROW_ID.test(text);
}
