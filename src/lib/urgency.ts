/**
 * Who waits for a call of the shared quota (sync design §7, §8). `now`: a write, or what a write needs; `soon`: a hint, a
 * new customer, a command of a person; `background`: sweeps, revisits, samples and histories, which can wait.
 */
export type Urgency = 'now' | 'soon' | 'background';
