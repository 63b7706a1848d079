/** Credentials that end before their time. */

/** The server took them for ended. That proves that nothing was done: the call may be made again with new ones. */
export class CredentialsEnded extends Error {
  readonly refusal: unknown;
  constructor(refusal: unknown) {
    super('the credentials have ended');
    this.refusal = refusal;
  }
}

/**
 * One more try, with new credentials, for what ends with `CredentialsEnded`.
 * @throws the refusal itself where the new ones are refused, too
 */
export async function withFreshCredentials<T>(attempt: () => Promise<T>): Promise<T> {
  try {
    return await attempt();
  } catch (error) {
    if (!(error instanceof CredentialsEnded)) throw error;
  }
  try {
    return await attempt();
  } catch (error) {
    throw error instanceof CredentialsEnded ? error.refusal : error;
  }
}
