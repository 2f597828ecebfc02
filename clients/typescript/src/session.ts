import type { Failure, Problem, Schemas } from "./failures.js";
import type { StoredTokens, TokenStorage } from "./storage.js";

/** Why a session ended without a logout: the API's answer to the refresh. */
export interface SessionEnd {
  reason: Problem;
}

type Exchange = (refreshToken: string) => Promise<{ data: Schemas["Tokens"]; error?: undefined } | { error: Failure }>;

/** The tokens of the client, and their renewal. */
export class Session {
  readonly #storage: TokenStorage;
  readonly #exchange: Exchange;
  readonly #onEnd: (end: SessionEnd) => void;
  #renewal: { of: string; done: Promise<Failure | undefined> } | undefined;

  constructor(storage: TokenStorage, exchange: Exchange, onEnd: (end: SessionEnd) => void) {
    this.#storage = storage;
    this.#exchange = exchange;
    this.#onEnd = onEnd;
  }

  async keep({ accessToken, refreshToken, refreshTokenExpiresAt, session }: Schemas["Tokens"]): Promise<void> {
    await this.#storage.write({ accessToken, refreshToken, refreshTokenExpiresAt, sessionId: session.id });
  }

  async end(): Promise<void> {
    await this.#storage.write(null);
  }

  /** The present tokens, after a renewal that is under way. */
  async tokens(): Promise<StoredTokens | null> {
    await this.#renewal?.done;
    return this.#storage.read();
  }

  /**
   * Renews an access token that was refused, once for all calls that ask. Afterwards the storage has other tokens, or none if the session is
   * over. A failure says that neither is known: the tokens are kept.
   */
  async renew(refused: string): Promise<Failure | undefined> {
    while (this.#renewal !== undefined && this.#renewal.of !== refused) {
      await this.#renewal.done;
    }
    this.#renewal ??= { of: refused, done: this.#run(refused).finally(() => (this.#renewal = undefined)) };
    return this.#renewal.done;
  }

  async #run(refused: string): Promise<Failure | undefined> {
    const before = await this.#storage.read();
    if (before?.accessToken !== refused) {
      return undefined;
    }

    const answer = await this.#exchange(before.refreshToken);
    const after = await this.#storage.read();
    if (after?.refreshToken !== before.refreshToken) {
      // A login, a logout or another tab came first: theirs is the newer state.
      return undefined;
    }
    if (answer.error === undefined) {
      await this.keep(answer.data);
      return undefined;
    }
    if (!isRefusal(answer.error)) {
      return answer.error;
    }

    await this.end();
    const end = { reason: answer.error };
    // What the application throws there is no failure of the calls that wait here.
    queueMicrotask(() => this.#onEnd(end));
    return undefined;
  }
}

/** Whether the API will never take this refresh token again. */
function isRefusal(failure: Failure): failure is Problem {
  return failure.code === "invalid_refresh_token" || failure.code === "validation_failed" || failure.code === "account_disabled";
}
