import { problemCodes } from "./generated/document.js";
import type { components } from "./generated/schema.js";

/** The types of the document, by name: `Schemas["Block"]`. */
export type Schemas = components["schemas"];

type Flat<T> = { [Key in keyof T]: T[Key] };
type Declared = Schemas[Exclude<Extract<keyof Schemas, `${string}Problem`>, "Problem">];
type Declaring<P, Code> = P extends { code: infer Codes } ? (Code extends Codes ? P : never) : never;
/** What a problem of the code has. The family of 400 has `errors` only for `validation_failed`, which has them always. */
type FieldsOf<Code> = Code extends Schemas["ValidationProblem"]["code"]
  ? Omit<Schemas["ValidationProblem"], "code">
  : Omit<Declaring<Declared, Code>, "code" | "errors">;

/** The `code` of a problem that the document declares. */
export type ProblemCode = Declared["code"];

interface Retriable {
  /** After how many seconds a repeat makes sense (`Retry-After`); null if the answer did not say. */
  retryAfter: number | null;
}

/**
 * What the API answers when it refuses or fails (RFC 9457): one type for each `code`. `validation_failed` has `errors`, which name the fields.
 */
export type Problem<Code extends ProblemCode = ProblemCode> = Code extends ProblemCode
  ? Flat<FieldsOf<Code> & { code: Code } & Retriable>
  : never;

/** No answer came, or only a part of one. What was asked for may have been done. */
export interface NetworkFailure extends Retriable {
  code: "network_failure";
  detail: string;
  /** What `fetch` threw. */
  cause: unknown;
}

/** The caller's signal ended the call. What was asked for may have been done. */
export interface Aborted extends Retriable {
  code: "aborted";
  detail: string;
  /** The reason of the signal: a `TimeoutError` for `AbortSignal.timeout`. */
  cause: unknown;
}

/** The answer is none of this API's, for instance the page of a proxy. */
export interface UnexpectedAnswer extends Retriable {
  code: "unexpected_answer";
  detail: string;
  status: number;
  /** The text of the answer. */
  body: string;
}

/** A problem whose code is younger than this client. */
export interface UnknownProblem extends Retriable {
  code: "unknown_problem";
  detail: string;
  status: number;
  problem: Schemas["Problem"];
}

/** Why a call failed: a union that its `code` discriminates. */
export type Failure<Code extends ProblemCode = ProblemCode> =
  | Problem<Code>
  | NetworkFailure
  | Aborted
  | UnexpectedAnswer
  | UnknownProblem;

/** Thrown by `unwrap`, `list` and `settled`, which have no other way to tell a failure. */
export class NetPilotError extends Error {
  readonly failure: Failure;

  constructor(failure: Failure) {
    super(`${failure.code}: ${failure.detail}`, "cause" in failure ? { cause: failure.cause } : undefined);
    this.name = "NetPilotError";
    this.failure = failure;
  }
}

const known: ReadonlySet<string> = new Set(problemCodes);

/** The failure that an answer tells of, from the answer and its body: parsed, or as text where it is no JSON. */
export function failureOf(response: Response, body: unknown): Failure {
  const retryAfter = retryAfterOf(response.headers);
  if (!isProblem(body)) {
    const text = typeof body === "string" ? body : body === undefined ? "" : JSON.stringify(body);
    const detail = `The answer with the status ${response.status} is not one of this API.`;
    return { code: "unexpected_answer", detail, status: response.status, body: text, retryAfter };
  }
  return known.has(body.code)
    ? ({ ...body, retryAfter } as Failure)
    : { code: "unknown_problem", detail: body.detail, status: response.status, problem: body, retryAfter };
}

export function isProblem(body: unknown): body is Schemas["Problem"] {
  return typeof body === "object" && body !== null && "code" in body && typeof body.code === "string" && "status" in body;
}

/** Seconds; a date counts from now. */
function retryAfterOf(headers: Headers): number | null {
  const value = headers.get("Retry-After");
  if (value === null) {
    return null;
  }
  const seconds = /^\d+$/.test(value) ? Number(value) : Math.ceil((Date.parse(value) - Date.now()) / 1000);
  return Number.isNaN(seconds) ? null : Math.max(0, seconds);
}
