/**
 * The external id of a partner: a row of `ir.model.data`, whose (module, name) is unique in the whole database, deleted
 * and moved by Odoo together with its partner. Pure.
 */
const PREFIX = 'customer_';

/** A dot ends the module in a full external id, so none may stand in the name. */
export function nameOfMarker(marker: string): string {
  return PREFIX + encodeURIComponent(marker.toWellFormed()).replaceAll('.', '%2E');
}

/** Null: somebody else's. */
export function markerOfName(name: string): string | null {
  if (!name.startsWith(PREFIX)) return null;
  try {
    return decodeURIComponent(name.slice(PREFIX.length));
  } catch {
    return null;
  }
}
