import { type Failure, isProblem, type Schemas } from "./failures.js";
import type { Session } from "./session.js";
import type { StoredTokens } from "./storage.js";

/** Sends a request as `fetch` does. */
export type Fetch = (request: Request) => Promise<Response>;

/** What the transport has to know of a call. */
export interface Call {
  /** Whether the operation needs an access token. */
  authorized: boolean;
  /** Whether it may be sent again after a lost answer: it changes nothing, or the server recognises the repeat. */
  repeatable: boolean;
  /** None if it is left out: commands take long, and the application gives a signal. */
  limits?: AttemptLimits | undefined;
  signal: AbortSignal | undefined;
}

/** Milliseconds that the attempts of a call may take. */
export interface AttemptLimits {
  /** After which an attempt is given up, if another one may follow. */
  attempt: number;
  /** After which the last attempt is given up. */
  lastAttempt: number;
  /** From the beginning of the call until which an attempt may begin. */
  begin: number;
}

/** Thrown where a call fails without an answer. The client makes a result of it. */
export class CallFailed extends Error {
  readonly failure: Failure;

  constructor(failure: Failure) {
    super(failure.detail);
    this.failure = failure;
  }
}

/**
 * How long a repeat waits while the server still works on the request whose answer was lost: as long as the key is taken where the replica that worked
 * on it has crashed.
 */
const inFlightPatience = 105_000;

/** Sends requests with the session's token, and sends them again where that is right. */
export class Transport {
  readonly #fetch: Fetch;
  readonly #repeats: number;

  constructor(fetch: Fetch, repeats: number) {
    this.#fetch = fetch;
    this.#repeats = repeats;
  }

  async send(request: Request, { authorized, repeatable, limits, signal }: Call, session: Session): Promise<Response> {
    const started = Date.now();
    const mayBeginIn = (pause: number) => limits === undefined || Date.now() - started + pause <= limits.begin;
    let lost = 0;
    let renewed = false;
    let last: Attempt | undefined;
    for (;;) {
      const tokens = authorized ? await unlessAborted(session.tokens(), signal) : null;
      if (last !== undefined && tokens?.sessionId !== last.sessionId) {
        // The session is over, or somebody else has logged in: the call is not theirs.
        return conclude(last);
      }

      const mayFollow = limits !== undefined && lost < this.#repeats && mayBeginIn(limits.attempt);
      last = await this.#attempt(request, tokens, mayFollow ? limits.attempt : limits?.lastAttempt, signal);
      if (last.answer === undefined) {
        const pause = last.late ? 0 : backoff(lost);
        if (!repeatable || lost === this.#repeats || !mayBeginIn(pause) || signal?.aborted) {
          return conclude(last);
        }
        await wait(pause, signal);
        lost += 1;
      } else if (tokens !== null && last.answer.code === "unauthorized" && !renewed) {
        renewed = true;
        const failure = await unlessAborted(session.renew(tokens.accessToken), signal);
        if (failure !== undefined) {
          throw new CallFailed(failure);
        }
      } else if (lost > 0 && last.answer.code === "request_in_flight" && Date.now() - started < inFlightPatience) {
        await wait(1000, signal);
      } else {
        return conclude(last);
      }
    }
  }

  async #attempt(
    request: Request,
    tokens: StoredTokens | null,
    limit: number | undefined,
    signal: AbortSignal | undefined,
  ): Promise<Attempt> {
    const attempt = request.clone();
    if (tokens !== null) {
      attempt.headers.set("Authorization", `Bearer ${tokens.accessToken}`);
    }
    // As a function: a browser's fetch is no method of this object.
    const send = this.#fetch;
    try {
      const answer = await within(limit, signal, attempt, async (limited) => receive(await send(limited)));
      return { sessionId: tokens?.sessionId, answer };
    } catch (cause) {
      const failure: Failure = signal?.aborted
        ? aborted(signal)
        : { code: "network_failure", detail: "No complete answer came.", cause, retryAfter: null };
      return { sessionId: tokens?.sessionId, answer: undefined, failure, late: cause instanceof Late };
    }
  }
}

type Attempt = { sessionId: string | undefined } & ({ answer: Answer } | { answer: undefined; failure: Failure; late: boolean });

/** Why an attempt ended that took longer than it may. */
class Late extends Error {}

/** In Node.js an abort reaches a request that is sent only while something refers to the request. */
const underWay = new Set<Request>();

/** Sends a request, and gives it up with the signal or after the limit: also where the `fetch` does not heed the signal of the request. */
async function within<T>(
  limit: number | undefined,
  signal: AbortSignal | undefined,
  request: Request,
  send: (request: Request) => Promise<T>,
): Promise<T> {
  signal?.throwIfAborted();
  const end = new AbortController();
  const limited = new Request(request, { signal: end.signal });
  let abort = () => {};
  let timer: ReturnType<typeof setTimeout> | undefined;
  const givenUp = new Promise<never>((_, reject) => {
    const giveUp = (reason: unknown) => {
      end.abort(reason);
      reject(reason);
    };
    abort = () => giveUp(signal?.reason);
    signal?.addEventListener("abort", abort, { once: true });
    if (limit !== undefined) {
      timer = setTimeout(() => giveUp(new Late(`No complete answer came within ${limit / 1000} s.`)), limit);
    }
  });
  underWay.add(limited);
  try {
    return await Promise.race([send(limited), givenUp]);
  } finally {
    underWay.delete(limited);
    clearTimeout(timer);
    signal?.removeEventListener("abort", abort);
  }
}

function conclude(attempt: Attempt): Response {
  if (attempt.answer === undefined) {
    throw new CallFailed(attempt.failure);
  }
  return attempt.answer.response;
}

interface Answer {
  response: Response;
  code: Schemas["Problem"]["code"] | undefined;
}

/** Reads the whole body: an answer that breaks off is no answer. */
async function receive(response: Response): Promise<Answer> {
  const text = await response.text();
  const { status, statusText, headers } = response;
  const whole = new Response(text === "" ? null : text, { status, statusText, headers });
  return { response: whole, code: response.ok ? undefined : codeOf(text) };
}

function codeOf(text: string): string | undefined {
  try {
    const body: unknown = JSON.parse(text);
    return isProblem(body) ? body.code : undefined;
  } catch {
    return undefined;
  }
}

function aborted(signal: AbortSignal): Failure {
  return { code: "aborted", detail: "The call was aborted.", cause: signal.reason, retryAfter: null };
}

/** Milliseconds before the next attempt, spread so that many clients do not come at once. */
function backoff(attempt: number): number {
  return 250 * 2 ** attempt * (0.5 + Math.random());
}

/** Waits; ends with the signal. */
export function wait(milliseconds: number, signal: AbortSignal | undefined): Promise<void> {
  return unlessAborted(new Promise((resolve) => setTimeout(resolve, milliseconds)), signal);
}

/** What was promised, unless the signal comes first. The promise itself goes on: others may wait for it too. */
function unlessAborted<T>(promise: Promise<T>, signal: AbortSignal | undefined): Promise<T> {
  if (signal === undefined) {
    return promise;
  }
  return new Promise((resolve, reject) => {
    const abort = () => reject(new CallFailed(aborted(signal)));
    if (signal.aborted) {
      abort();
    }
    signal.addEventListener("abort", abort, { once: true });
    promise.then(resolve, reject).finally(() => signal.removeEventListener("abort", abort));
  });
}
