import { NetPilotError, type Schemas, unwrap } from "@netpilot/client";
import { expect, expectTypeOf, test, vi } from "vitest";
import { claim, collectGarbage, expired, first, hold, line, patience, scannedAddress, simulate, visitor } from "./support.js";

test("A list is read page by page, newest first", async () => {
  const me = await visitor();
  for (const name of ["1", "2", "3", "4", "5"]) {
    await claim(me.api, name);
  }
  me.sent.length = 0;

  const names: string[] = [];
  for await (const router of me.api.list("/api/v1/routers", { params: { query: { limit: 2 } } })) {
    expectTypeOf(router).toEqualTypeOf<Schemas["Router"]>();
    names.push(router.name);
  }

  expect(names).toEqual(["5", "4", "3", "2", "1"]);
  const pages = me.sent.filter(({ operation, search }) => operation === "GET /api/v1/routers" && search.includes("limit=2"));
  expect(new Set(pages.map(({ search }) => search)).size).toBe(3);
});

test("A list asks for no page that nobody reads", async () => {
  const me = await visitor();
  await claim(me.api, "1");
  await claim(me.api, "2");
  me.sent.length = 0;

  for await (const router of me.api.list("/api/v1/routers", { params: { query: { limit: 1 } } })) {
    expect(router.name).toBe("2");
    break;
  }

  expect(me.sent.filter(({ search }) => search.includes("cursor="))).toEqual([]);
});

test.each(["", ".", ".."])("A call sends nothing where an id of its path is %j, which leads to another operation", async (deviceId) => {
  const me = await visitor();
  const routerId = await claim(me.api);
  me.sent.length = 0;

  const call = me.api.DELETE("/api/v1/routers/{routerId}/devices/{deviceId}", { params: { path: { routerId, deviceId } } });

  await expect(call).rejects.toThrow(RangeError);
  expect(me.sent).toEqual([]);
});

test("A list that fails throws the failure", async () => {
  const me = await visitor();
  const list = me.api.list("/api/v1/routers/{routerId}/devices", { params: { path: { routerId: "home-of-nobody" } } });

  const thrown = await list.next().catch((error: unknown) => error);

  expect(thrown).toBeInstanceOf(NetPilotError);
  expect((thrown as NetPilotError).failure.code).toBe("router_not_found");
});

test("A signal aborts a call that is under way", async () => {
  const me = await visitor();
  const routerId = await claim(me.api);
  const { reached, release } = await hold(routerId, "scan");
  const leaving = new AbortController();

  const scan = me.api.POST("/api/v1/routers/{routerId}/scan", { params: { path: { routerId } }, signal: leaving.signal });
  await reached();
  leaving.abort();

  expect((await scan).error).toMatchObject({ code: "aborted", cause: leaving.signal.reason });
  await release();
});

test("A signal aborts a call, and its connection, also after garbage collections", async (context) => {
  const broken = await line(context);
  const me = await visitor({ baseUrl: broken.baseUrl });
  const routerId = await claim(me.api);
  const { reached, release } = await hold(routerId, "scan");
  const leaving = new AbortController();

  const scan = me.api.POST("/api/v1/routers/{routerId}/scan", { params: { path: { routerId } }, signal: leaving.signal });
  await reached();
  await collectGarbage();
  leaving.abort();

  expect((await scan).error).toMatchObject({ code: "aborted", cause: leaving.signal.reason });
  await vi.waitFor(() => expect(broken.unanswered).toEqual([`POST /api/v1/routers/${routerId}/scan`]), patience);
  await release();
});

test("A timeout aborts a call also after garbage collections", async () => {
  const me = await visitor();
  const routerId = await claim(me.api);
  const { reached, release } = await hold(routerId, "scan");

  const signal = AbortSignal.timeout(8000);
  const scan = me.api.POST("/api/v1/routers/{routerId}/scan", { params: { path: { routerId } }, signal });
  await reached();
  await collectGarbage();
  expect(signal.aborted).toBe(false);

  expect((await scan).error).toMatchObject({ code: "aborted", cause: expect.objectContaining({ name: "TimeoutError" }) });
  await release();
});

test("A signal that was aborted before sends nothing, with a token and without", async () => {
  const me = await visitor();
  me.sent.length = 0;
  const signal = AbortSignal.abort("too late");

  const results = [await me.api.GET("/api/v1/me", { signal }), await me.api.POST("/api/v1/auth/login", { body: me.credentials, signal })];

  expect(results.map(({ error }) => error)).toEqual(Array(2).fill(expect.objectContaining({ code: "aborted", cause: "too late" })));
  expect(me.sent).toEqual([]);
});

test("A timeout is an abort whose cause tells", async () => {
  const me = await visitor();
  const routerId = await claim(me.api);
  const { release } = await hold(routerId, "scan");

  const { error } = await me.api.POST("/api/v1/routers/{routerId}/scan", { params: { path: { routerId } }, signal: AbortSignal.timeout(300) });

  expect(error).toMatchObject({ code: "aborted", cause: expect.objectContaining({ name: "TimeoutError" }) });
  await release();
});

test("A block whose answer is lost is repeated with its key, and gets the first answer", async (context) => {
  const broken = await line(context);
  const me = await visitor({ baseUrl: broken.baseUrl });
  const routerId = await claim(me.api);
  const ip = await scannedAddress(me.api, routerId);
  unwrap(await me.api.login(me.credentials));
  me.sent.length = 0;
  broken.damage = first(/^POST .*\/block$/, "lose");

  const result = await me.api.POST("/api/v1/routers/{routerId}/block", { params: { path: { routerId } }, body: { ip } });

  // A second block would answer 200: it was blocked already.
  expect(result.status).toBe(201);
  expect(broken.requests.filter((request) => request.endsWith("/block")).length).toBeGreaterThan(1);
  expect(new Set(me.sent.filter(({ operation }) => operation.endsWith("/block")).map(({ key }) => key)).size).toBe(1);
  const blocks = unwrap(await me.api.GET("/api/v1/routers/{routerId}/blocked", { params: { path: { routerId } } }));
  expect(blocks.items.map(({ id }) => id)).toEqual([result.data?.id]);
});

test("A repeat that comes while the first request runs waits for its answer", async (context) => {
  const broken = await line(context);
  const me = await visitor({ baseUrl: broken.baseUrl });
  const routerId = await claim(me.api);
  const ip = await scannedAddress(me.api, routerId);
  const { reached, release } = await hold(routerId, "block");

  const blocking = me.api.POST("/api/v1/routers/{routerId}/block", { params: { path: { routerId } }, body: { ip } });
  await reached();
  broken.hangUp();
  await vi.waitFor(() => expect(broken.requests.filter((request) => request.endsWith("/block")).length).toBeGreaterThan(2), patience);
  await release();

  expect((await blocking).status).toBe(201);
});

test("Each call has a key of its own, and a given one is kept", async () => {
  const me = await visitor();
  await claim(me.api);
  await claim(me.api);
  const options = { params: { header: { "Idempotency-Key": "mine" } }, body: { routerId: await claim(me.api), name: "Home" } };
  unwrap(await me.api.POST("/api/v1/routers", options));

  // What is sent again with a new token keeps its key.
  const keys = [...new Set(me.sent.filter(({ operation }) => operation === "POST /api/v1/routers").map(({ key }) => key))];
  expect(keys).toHaveLength(4);
  expect(keys.slice(0, 3)).toEqual(Array(3).fill(expect.stringMatching(/^[0-9a-f]{32}$/)));
  expect(keys[3]).toBe("mine");

  const other = { ...options, body: { ...options.body, name: "Attic" } };
  expect((await me.api.POST("/api/v1/routers", other)).error?.code).toBe("idempotency_key_reused");
});

test("A call that is repeated with a new token keeps its key", async () => {
  const me = await visitor();
  await expired(me);
  me.sent.length = 0;

  await claim(me.api);

  const claims = me.sent.filter(({ operation }) => operation === "POST /api/v1/routers");
  expect(claims).toHaveLength(2);
  expect(claims[1]?.token).not.toBe(claims[0]?.token);
  expect(claims[1]?.key).toBe(claims[0]?.key);
});

test("A change without a key is not repeated after a lost answer", async (context) => {
  const broken = await line(context);
  const me = await visitor({ baseUrl: broken.baseUrl });
  const routerId = await claim(me.api);
  const options = { params: { path: { routerId } }, body: { name: "Attic" } };
  // A fresh token: no repeat comes from a refresh.
  unwrap(await me.api.login(me.credentials));
  broken.damage = first(/^PATCH /, "lose");

  expect((await me.api.PATCH("/api/v1/routers/{routerId}", options)).error?.code).toBe("network_failure");

  expect(broken.requests.filter((request) => request.startsWith("PATCH"))).toHaveLength(1);
});

test("respond-async is answered with 202, and the block is waited for", async () => {
  const me = await visitor();
  const routerId = await claim(me.api);
  const ip = await scannedAddress(me.api, routerId);
  const { reached, release } = await hold(routerId, "block");

  const params = { path: { routerId }, header: { Prefer: "respond-async" } };
  const accepted = await me.api.POST("/api/v1/routers/{routerId}/block", { params, body: { ip } });

  if (accepted.status !== 202) {
    expect.unreachable(`The answer is ${accepted.status ?? accepted.error.code}.`);
  }
  expect(accepted.data.state).toBe("applying");
  expect(accepted.response.headers.get("Preference-Applied")).toBe("respond-async");
  expect(accepted.response.headers.get("Location")).toContain(accepted.data.id);

  await reached();
  await expect(me.api.settled(routerId, accepted.data, { signal: AbortSignal.timeout(1000) })).rejects.toThrow(/^aborted: /);
  await release();
  expect(await me.api.settled(routerId, accepted.data)).toMatchObject({ id: accepted.data.id, state: "blocked", code: null });
});

test("A block of a router that is away fails with its code, and says when to try again", async () => {
  const me = await visitor();
  const routerId = await claim(me.api);
  const ip = await scannedAddress(me.api, routerId);
  await simulate("POST", `routers/${routerId}`, { online: false });

  const { error } = await me.api.POST("/api/v1/routers/{routerId}/block", { params: { path: { routerId } }, body: { ip } });

  expect(error).toMatchObject({ code: "router_unreachable", status: 503 });
  expect(error?.retryAfter).toBeGreaterThan(0);
});
