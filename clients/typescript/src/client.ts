import createFetchClient from "openapi-fetch";
import type { Arguments, CallMethod, ItemOf, ListPath, Operation, Result } from "./calls.js";
import { type Failure, failureOf, NetPilotError, type Schemas } from "./failures.js";
import { anonymousOperations, emptyOperations, keyedOperations } from "./generated/document.js";
import type { paths } from "./generated/schema.js";
import { Session, type SessionEnd } from "./session.js";
import { memoryStorage, type StoredTokens, type TokenStorage } from "./storage.js";
import { type AttemptLimits, CallFailed, type Fetch, Transport, wait } from "./transport.js";

/** The settings of a client. */
export interface ClientOptions {
  /** The address of the server, without `/api/v1`. In a browser, the page's own origin if it is left out. */
  baseUrl?: string;
  /** Where the tokens are kept: in memory if it is left out. */
  storage?: TokenStorage;
  /**
   * Called once when the session is over, unless a logout of this client ends it or finds the end: it was ended elsewhere, or it is too old. Show the
   * login. Where another client of the same storage, such as another tab, found the end or logged out, this one is called at the next call.
   */
  onSessionEnd?: (end: SessionEnd) => void;
  /** How often a call is sent again after its answer was lost: 2 if it is left out. Only GET and what has an Idempotency-Key is repeated. */
  repeats?: number;
  /** Takes the place of `globalThis.fetch`. */
  fetch?: Fetch;
}

/** What ends a call before its answer. */
export interface SignalOption {
  signal?: AbortSignal;
}

/** A client of the API. The methods take the paths of the document. */
export interface Client {
  GET: CallMethod<"get">;
  POST: CallMethod<"post">;
  PUT: CallMethod<"put">;
  PATCH: CallMethod<"patch">;
  DELETE: CallMethod<"delete">;

  /** Logs in. The client sends the tokens with all further calls, and renews them. */
  login(credentials: Schemas["LoginRequest"], options?: SignalOption): Promise<Result<Operation<"post", "/api/v1/auth/login">>>;

  /**
   * Ends the session and removes the tokens. If it fails, the tokens are removed all the same, and the session lives on at the server until it expires.
   * If the signal aborts it, the tokens are kept.
   */
  logout(options?: SignalOption): Promise<Result<Operation<"post", "/api/v1/auth/logout">>>;

  /** The tokens of the session; null if there is none. */
  tokens(): Promise<StoredTokens | null>;

  /** The entries of a list, newest first, page by page: `query.limit` is the size of a page. A failure is thrown as a `NetPilotError`. */
  list<Path extends ListPath>(path: Path, ...args: Arguments<Operation<"get", Path>>): AsyncGenerator<ItemOf<Path>, void, undefined>;

  /**
   * Waits until a block that was accepted (202) is no longer under way, and gives its last state: `blocked`, `lifted` or `failed`. A block waits
   * for a router that is offline for up to 24 hours: give a signal. A failure is thrown as a `NetPilotError`.
   */
  settled(routerId: string, block: Schemas["Block"], options?: SignalOption): Promise<Schemas["Block"]>;
}

interface AnyOptions extends SignalOption {
  params?: { path?: object; query?: Record<string, unknown>; header?: Record<string, unknown> };
  body?: unknown;
}

type AnyResult =
  | { status: number; data: unknown; error?: undefined; response: Response }
  | { status?: undefined; data?: undefined; error: Failure; response: Response | undefined };

/** openapi-fetch without the types of the document: `Client` has them. */
interface Core {
  request(method: string, path: string, init: object): Promise<{ data?: unknown; error?: unknown; response: Response }>;
}

const refreshPath = "/api/v1/auth/refresh";
const loginOperation = "POST /api/v1/auth/login";
const logoutOperation = "POST /api/v1/auth/logout";

/**
 * The server gives a lost answer to a refresh again for ten seconds, and ends the session after that. So a loss is noticed early, and no attempt
 * begins that may come too late. The last attempt waits for an answer on a slow line.
 */
const refreshLimits: AttemptLimits = { attempt: 3000, lastAttempt: 10_000, begin: 7000 };

const anonymous: ReadonlySet<string> = new Set(anonymousOperations);
const empty: ReadonlySet<string> = new Set(emptyOperations);
const keyed: ReadonlySet<string> = new Set(keyedOperations);

/** Whether a 200 is one of the API: a portal that stands before it answers with something else. */
function areTokens(data: unknown): data is Schemas["Tokens"] {
  const { accessToken, refreshToken, session } = (data ?? {}) as Partial<Schemas["Tokens"]>;
  return typeof accessToken === "string" && typeof refreshToken === "string" && typeof session?.id === "string";
}

/** Makes a client. */
export function createClient(options: ClientOptions = {}): Client {
  const { baseUrl = "", storage = memoryStorage(), onSessionEnd = () => {}, repeats = 2 } = options;
  const transport = new Transport(options.fetch ?? ((request) => globalThis.fetch(request)), repeats);
  const core = createFetchClient<paths>({ baseUrl }) as unknown as Core;
  const session = new Session(storage, exchange, onSessionEnd);

  async function exchange(refreshToken: string): Promise<{ data: Schemas["Tokens"] } | { error: Failure }> {
    const { data, error } = await send("POST", refreshPath, { body: { refreshToken } });
    return error === undefined ? { data: data as Schemas["Tokens"] } : { error };
  }

  function call(method: string, path: string, options: AnyOptions = {}): Promise<AnyResult> {
    const sending = () => send(method, path, options);
    return `${method} ${path}` === logoutOperation ? session.leave<AnyResult>(sending) : sending();
  }

  async function send(method: string, path: string, options: AnyOptions = {}): Promise<AnyResult> {
    const operation = `${method} ${path}`;
    const { params, signal, ...rest } = options;
    for (const [name, value] of Object.entries(params?.path ?? {})) {
      if (["", ".", ".."].includes(String(value))) {
        // Escaped or not, it leads to another operation: DELETE of a device would be one of its router.
        throw new RangeError(`${name} cannot be "${value}" in ${operation}.`);
      }
    }
    const header = { ...params?.header };
    if (keyed.has(operation)) {
      header["Idempotency-Key"] ??= newKey();
    }
    const limits = path === refreshPath ? refreshLimits : undefined;
    const repeatable = method === "GET" || keyed.has(operation) || limits !== undefined;
    const authorized = !anonymous.has(operation);

    let response: Response | undefined;
    const sending = { authorized, repeatable, limits, signal };
    const fetch: Fetch = async (request) => (response = await transport.send(request, sending, session));
    const init = { ...rest, params: { ...params, header }, fetch };
    try {
      const answer = await core.request(method, path, init);
      if (!answer.response.ok) {
        return { error: failureOf(answer.response, answer.error), response: answer.response };
      }
      const isMissing = !empty.has(operation) && (typeof answer.data !== "object" || answer.data === null);
      if (isMissing || ((operation === loginOperation || path === refreshPath) && !areTokens(answer.data))) {
        return { error: failureOf(answer.response, answer.data), response: answer.response };
      }
      await follow(operation, answer.data);
      return { status: answer.response.status, data: answer.data, response: answer.response };
    } catch (thrown) {
      if (thrown instanceof CallFailed) {
        return { error: thrown.failure, response: undefined };
      }
      if (thrown instanceof SyntaxError && response !== undefined) {
        return { error: failureOf(response, "The body is not JSON."), response };
      }
      throw thrown;
    }
  }

  /** What a success means for the session here. */
  async function follow(operation: string, data: unknown): Promise<void> {
    if (operation === loginOperation) {
      await session.keep(data as Schemas["Tokens"]);
    } else if (operation === logoutOperation || operation === "DELETE /api/v1/me") {
      await session.end();
    }
  }

  const method = (name: string) => (path: string, options?: AnyOptions) => call(name, path, options);
  const client = {
    GET: method("GET") as Client["GET"],
    POST: method("POST") as Client["POST"],
    PUT: method("PUT") as Client["PUT"],
    PATCH: method("PATCH") as Client["PATCH"],
    DELETE: method("DELETE") as Client["DELETE"],
  };

  async function* list(path: string, options: AnyOptions = {}): AsyncGenerator<unknown, void, undefined> {
    let cursor = options.params?.query?.["cursor"];
    do {
      const query = { ...options.params?.query, cursor };
      const page = unwrap(await call("GET", path, { ...options, params: { ...options.params, query } })) as {
        items: unknown[];
        nextCursor: string | null;
      };
      yield* page.items;
      cursor = page.nextCursor ?? undefined;
    } while (cursor !== undefined);
  }

  async function settled(routerId: string, block: Schemas["Block"], options: SignalOption = {}): Promise<Schemas["Block"]> {
    let latest = block;
    for (let pause = 250; latest.state === "applying" || latest.state === "lifting"; pause = Math.min(2 * pause, 5000)) {
      try {
        await wait(pause, options.signal);
      } catch (thrown) {
        throw thrown instanceof CallFailed ? new NetPilotError(thrown.failure) : thrown;
      }
      const params = { path: { routerId, id: block.id } };
      latest = unwrap(await client.GET("/api/v1/routers/{routerId}/blocked/{id}", { params, ...options }));
    }
    return latest;
  }

  return {
    ...client,
    login: (body, options = {}) => client.POST("/api/v1/auth/login", { body, ...options }),
    logout: (options = {}) => client.POST("/api/v1/auth/logout", options),
    tokens: () => session.tokens(),
    list: list as Client["list"],
    settled,
  };
}

/** The data of a result. Throws a `NetPilotError` if the call failed. */
export function unwrap<R extends { data?: unknown; error?: Failure | undefined }>(result: R): Extract<R, { error?: undefined }>["data"] {
  if (result.error !== undefined) {
    throw new NetPilotError(result.error);
  }
  return result.data;
}

/** 128 random bits. `crypto.randomUUID` is missing on pages that came by plain http. */
function newKey(): string {
  const bytes = crypto.getRandomValues(new Uint8Array(16));
  return Array.from(bytes, (byte) => byte.toString(16).padStart(2, "0")).join("");
}
