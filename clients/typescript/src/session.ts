import type { Failure, Problem, Schemas } from "./failures.js";
import type { StoredTokens, TokenStorage } from "./storage.js";

/** How a session ended without a logout of this client. */
export interface SessionEnd {
  /** The API's answer to the refresh. It is missing where another client of the same storage, such as another tab, found the end or logged out. */
  reason?: Problem;
}

type Exchange = (refreshToken: string) => Promise<{ data: Schemas["Tokens"]; error?: undefined } | { error: Failure }>;

/** The tokens of the client, and their renewal. */
export class Session {
  readonly #storage: TokenStorage;
  readonly #exchange: Exchange;
  readonly #onEnd: (end: SessionEnd) => void;
  /** Whether the storage had tokens when this client last looked, and nobody ended the session here since. */
  #alive = false;
  /** Counts the tokens that this client wrote: what was read before or during a write tells nothing new. */
  #writes = 0;
  /** The logouts of this client that are under way. */
  #leaving = 0;
  /** The end that the application was not told of, because of a logout that is under way. */
  #untold: SessionEnd | undefined;
  #renewal: { of: string; done: Promise<Failure | undefined> } | undefined;

  constructor(storage: TokenStorage, exchange: Exchange, onEnd: (end: SessionEnd) => void) {
    this.#storage = storage;
    this.#exchange = exchange;
    this.#onEnd = onEnd;
  }

  async keep({ accessToken, refreshToken, refreshTokenExpiresAt, session }: Schemas["Tokens"]): Promise<void> {
    await this.#write({ accessToken, refreshToken, refreshTokenExpiresAt, sessionId: session.id });
  }

  async end(): Promise<void> {
    this.#alive = false;
    await this.#write(null);
  }

  /** Carries out a logout. Only if it is aborted is the application told of a session that ended meanwhile. */
  async leave<R extends { error?: Failure | undefined }>(logout: () => Promise<R>): Promise<R> {
    this.#leaving += 1;
    let aborted = false;
    try {
      const result = await logout();
      aborted = result.error?.code === "aborted";
      if (result.error !== undefined && !aborted) {
        // Who logs out leaves this device, whatever becomes of the session on the server.
        await this.end();
      }
      return result;
    } finally {
      this.#leaving -= 1;
      const untold = this.#untold;
      this.#untold = undefined;
      if (untold !== undefined && aborted) {
        this.#tell(untold);
      }
    }
  }

  /** The present tokens, after a renewal that is under way. */
  async tokens(): Promise<StoredTokens | null> {
    await this.#renewal?.done;
    const writes = this.#writes;
    const tokens = await this.#storage.read();
    if (writes === this.#writes) {
      if (tokens === null && this.#alive) {
        this.#tell({});
      }
      this.#alive = tokens !== null;
    }
    return tokens;
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
    this.#tell({ reason: answer.error });
    return undefined;
  }

  async #write(tokens: StoredTokens | null): Promise<void> {
    this.#writes += 1;
    await this.#storage.write(tokens);
    this.#writes += 1;
    this.#alive = tokens !== null;
  }

  #tell(end: SessionEnd): void {
    if (this.#leaving > 0) {
      this.#untold = end;
      return;
    }
    // What the application throws there is no failure of the calls that wait here.
    queueMicrotask(() => this.#onEnd(end));
  }
}

/** Whether the API will never take this refresh token again. */
function isRefusal(failure: Failure): failure is Problem {
  return failure.code === "invalid_refresh_token" || failure.code === "validation_failed" || failure.code === "account_disabled";
}
