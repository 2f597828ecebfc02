import {
  createClient,
  type Failure,
  failureOf,
  NetPilotError,
  type Problem,
  type ProblemCode,
  type problemCodes,
  type Schemas,
  unwrap,
} from "@netpilot/client";
import { expect, expectTypeOf, inject, test } from "vitest";
import { baseUrl, claim, line, visitor } from "./support.js";

test("The code of a failure narrows it to the problem's type", async () => {
  const me = await visitor();
  const routerId = await claim(me.api);

  const { error } = await me.api.POST("/api/v1/routers/{routerId}/block", { params: { path: { routerId } }, body: { ip: "192.168.1.4; reboot" } });

  if (error?.code !== "validation_failed") {
    expect.unreachable(`The code is ${error?.code}.`);
  }
  expectTypeOf(error).toEqualTypeOf<Problem<"validation_failed">>();
  expectTypeOf(error.status).toEqualTypeOf<400>();
  expectTypeOf(error.errors).toEqualTypeOf<Schemas["FieldError"][]>();
  expectTypeOf<Problem<"malformed_json">>().not.toHaveProperty("errors");
  expect(error.errors).toEqual([{ name: "ip", reason: expect.any(String) }]);
  expect(error).toMatchObject({ status: 400, title: "Bad Request", type: "urn:netpilot:problem:validation_failed", retryAfter: null });
  expect(error.traceId).toMatch(/^[0-9a-f]{32}$/);
});

test("An operation has the codes that the document declares for it, and the client's own", async () => {
  const me = await visitor();
  const routerId = await claim(me.api);

  const { error, response } = await me.api.POST("/api/v1/routers/{routerId}/speedtest", { params: { path: { routerId } } });

  expect(error?.code).toBe("tier_required");
  expect(response?.status).toBe(403);
  type Code = NonNullable<typeof error>["code"];
  expectTypeOf<"tier_required">().toExtend<Code>();
  expectTypeOf<"network_failure" | "aborted" | "unexpected_answer" | "unknown_problem">().toExtend<Code>();
  expectTypeOf<Extract<Code, "email_taken" | "last_admin">>().toBeNever();
  expectTypeOf<(typeof problemCodes)[number]>().toEqualTypeOf<ProblemCode>();
  expectTypeOf<NonNullable<typeof error>>().toExtend<Failure>();
});

test("The router of another user answers as one that does not exist", async () => {
  const me = await visitor();
  const path = { routerId: await claim((await visitor()).api) };

  const { error } = await me.api.GET("/api/v1/routers/{routerId}", { params: { path } });

  expect(error).toMatchObject({ code: "router_not_found", status: 404 });
});

test("Retry-After is given in seconds", async () => {
  const me = await visitor();
  const wrong = { ...me.credentials, password: "another-password-entirely" };
  let failure: Failure | undefined;
  for (let attempt = 0; attempt < 10 && failure?.code !== "too_many_attempts"; attempt++) {
    failure = (await me.api.login(wrong)).error;
  }

  expect(failure).toMatchObject({ code: "too_many_attempts", status: 429 });
  expect(failure?.retryAfter).toBeGreaterThan(0);
});

test("A server that does not answer is a network failure with its cause, and is no problem", async (context) => {
  const broken = await line(context);
  broken.damage = () => "drop";
  const api = createClient({ baseUrl: broken.baseUrl });

  const { error, response } = await api.login({ email: "me@example.org", password: "a-fresh-breeze-in-the-attic" });

  expect(error).toMatchObject({ code: "network_failure", cause: expect.any(TypeError), retryAfter: null });
  expect(response).toBeUndefined();
});

test.each(["/api/v1/me", "/"])("An answer that is none of the API's is unexpected: %s of another server", async (path) => {
  // The simulated Commands-Server has a page at / and knows none of the API's paths.
  const api = createClient({
    baseUrl,
    fetch: () => fetch(new URL(path, inject("simulator"))),
  });

  const { error, response } = await api.GET("/api/v1/me");

  expect(error).toMatchObject({ code: "unexpected_answer", status: response?.status });
  expect(response?.status).toBe(path === "/" ? 200 : 404);
});

test.each([
  ["a 204", () => new Response(null, { status: 204 })],
  ["an empty 200", () => new Response("", { headers: { "Content-Length": "0" } })],
  ["a 200 of null", () => Response.json(null)],
])("A success without the body of the operation is unexpected: %s", async (_, answer) => {
  const api = createClient({ baseUrl, fetch: () => Promise.resolve(answer()) });
  const { status } = answer();

  const results = [
    await api.GET("/api/v1/me"),
    await api.POST("/api/v1/routers", { body: { routerId: "home-1", name: "Home" } }),
  ];
  const thrown = await api.list("/api/v1/routers").next().catch((error: unknown) => error);

  expect(results.map(({ error }) => error)).toEqual(Array(2).fill(expect.objectContaining({ code: "unexpected_answer", status })));
  expect(thrown).toMatchObject({ failure: { code: "unexpected_answer", status } });
});

test("A problem that the document does not have is unknown, and carries the problem", async () => {
  const response = await fetch(`${baseUrl}/api/v1/auth/login`, { method: "DELETE" });

  const failure = failureOf(response, await response.json());

  expect(failure).toMatchObject({ code: "unknown_problem", status: 405, problem: { code: "method_not_allowed" } });
});

test("unwrap throws the failure as an error", async () => {
  const api = createClient({ baseUrl });

  const thrown = await api.GET("/api/v1/me").then(unwrap).catch((error: unknown) => error);

  expect(thrown).toBeInstanceOf(NetPilotError);
  expect((thrown as NetPilotError).failure).toMatchObject({ code: "unauthorized", status: 401 });
  expect((thrown as NetPilotError).message).toBe("unauthorized: A valid access token is needed.");
});
