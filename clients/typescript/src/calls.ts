import type { ParamsOption, RequestBodyOption } from "openapi-fetch";
import type { Failure, ProblemCode } from "./failures.js";
import type { paths } from "./generated/schema.js";

/** The methods of the API. */
export type Method = "get" | "post" | "put" | "patch" | "delete";

type Having<M extends Method> = { [Path in keyof paths]: paths[Path] extends Record<M, object> ? Path : never }[keyof paths];

/** The paths that have a method. The client refreshes by itself: a refresh that it does not know of would leave it with a spent token. */
export type PathOf<M extends Method> = Exclude<Having<M>, "/api/v1/auth/refresh">;

/** The operation of a method and a path. */
export type Operation<M extends Method, Path extends keyof paths> = paths[Path] extends Record<M, infer Op> ? Op : never;

/** What an operation takes: `params` (`path`, `query`, `header`) and `body` by the document, and a signal that ends the call. */
export type CallOptions<Op> = ParamsOption<Op> & RequestBodyOption<Op> & { signal?: AbortSignal };

/** The options may be left out where the operation needs none. */
export type Arguments<Op> = {} extends CallOptions<Op> ? [options?: CallOptions<Op>] : [options: CallOptions<Op>];

type Responses<Op> = Op extends { responses: infer R } ? R : never;
type Ok = 200 | 201 | 202 | 204;
type Json<Answer> = Answer extends { content: { "application/json": infer Body } } ? Body : undefined;
type Codes<Answer> = Answer extends { content: { "application/problem+json": { code: infer Code } } } ? Code : never;

/** The codes of the problems that the document declares for an operation. */
export type CodesOf<Op> = Extract<Codes<Responses<Op>[keyof Responses<Op>]>, ProblemCode>;

/** A call that succeeded. `status` tells the successes apart: 202 is accepted and not done. */
export type Success<Op> = {
  [Status in keyof Responses<Op> & Ok]: { status: Status; data: Json<Responses<Op>[Status]>; error?: undefined; response: Response };
}[keyof Responses<Op> & Ok];

/** What comes of a call. `error` is undefined if it succeeded. `response` has the headers; there is none if no answer came. */
export type Result<Op> =
  | Success<Op>
  | { status?: undefined; data?: undefined; error: Failure<CodesOf<Op>>; response: Response | undefined };

/** Calls an operation by its path in the document. Failures are in the result; nothing is thrown for them. */
export type CallMethod<M extends Method> = <Path extends PathOf<M>>(
  path: Path,
  ...args: Arguments<Operation<M, Path>>
) => Promise<Result<Operation<M, Path>>>;

type Page = { responses: { 200: { content: { "application/json": { items: unknown[]; nextCursor: string | null } } } } };

/** The paths of lists. */
export type ListPath = { [Path in PathOf<"get">]: Operation<"get", Path> extends Page ? Path : never }[PathOf<"get">];

/** An entry of a list. */
export type ItemOf<Path extends ListPath> =
  Operation<"get", Path> extends { responses: { 200: { content: { "application/json": { items: (infer Item)[] } } } } } ? Item : never;
