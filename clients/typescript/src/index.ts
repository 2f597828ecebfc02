export type { CallOptions, CodesOf, ItemOf, ListPath, Operation, Result, Success } from "./calls.js";
export { type Client, type ClientOptions, createClient, type SignalOption, unwrap } from "./client.js";
export {
  type Aborted,
  type Failure,
  failureOf,
  NetPilotError,
  type NetworkFailure,
  type Problem,
  type ProblemCode,
  type Schemas,
  type UnexpectedAnswer,
  type UnknownProblem,
} from "./failures.js";
export { apiVersion, problemCodes } from "./generated/document.js";
export type { paths } from "./generated/schema.js";
export type { SessionEnd } from "./session.js";
export { memoryStorage, type StoredTokens, type TokenStorage } from "./storage.js";
export type { Fetch } from "./transport.js";
