import type { Schemas } from "./failures.js";

/** The tokens of a session. They are plain strings, so that they survive JSON. */
export interface StoredTokens extends Pick<Schemas["Tokens"], "accessToken" | "refreshToken" | "refreshTokenExpiresAt"> {
  /** The session that they belong to: it stays the same when they are renewed. */
  sessionId: string;
}

/**
 * Where the tokens are kept. A storage that several clients share (tabs with `localStorage`) works: a client takes over the tokens that another
 * one has stored.
 */
export interface TokenStorage {
  /** The tokens that were written last; null if there are none. */
  read(): StoredTokens | null | Promise<StoredTokens | null>;
  /** Replaces the tokens; null when the session is over. */
  write(tokens: StoredTokens | null): void | Promise<void>;
}

/** Keeps the tokens until the page or the process ends. */
export function memoryStorage(): TokenStorage {
  let kept: StoredTokens | null = null;
  return {
    read: () => kept,
    write: (tokens) => {
      kept = tokens;
    },
  };
}
