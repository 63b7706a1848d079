/**
 * What lies further ahead of now is of before our clock was set back, and not of a machine whose clock is a little ahead of
 * ours: how long ago it was is not known (docs/decisions/0042).
 */
export const AHEAD_MS = 60_000;
