import { createClient, memoryStorage, unwrap } from "@netpilot/client";
import { expect, test } from "vitest";
import { baseUrl, endElsewhere, expired, first, gate, line, recorder, refreshes, visitor } from "./support.js";

const refresh = "POST /api/v1/auth/refresh";

test("Many calls with an expired token make one refresh, and all of them succeed with the new token", async () => {
  const me = await visitor();
  const before = await me.storage.read();
  const old = await expired(me);
  me.sent.length = 0;

  const results = await Promise.all(Array.from({ length: 20 }, () => me.api.GET("/api/v1/me")));

  expect(results.map((result) => result.data?.email)).toEqual(Array(20).fill(me.credentials.email));
  expect(refreshes(me.sent)).toHaveLength(1);
  const after = await me.storage.read();
  expect(after?.refreshToken).not.toBe(before?.refreshToken);
  const succeeded = me.sent.filter(({ operation, token }) => operation === "GET /api/v1/me" && token !== old);
  expect(succeeded.map(({ token }) => token)).toEqual(Array(20).fill(after?.accessToken));
  expect(me.ends).toEqual([]);
});

test("A call that begins during a refresh waits for the new token", async () => {
  const { sent, fetch } = recorder();
  const refreshing = gate();
  const late = gate();
  const me = await visitor({
    fetch: async (request) => {
      const answer = await fetch(request);
      if (request.url.endsWith("/auth/refresh")) {
        refreshing.open();
        await late.opened;
      }
      return answer;
    },
  });
  const old = await expired(me);

  const early = me.api.GET("/api/v1/me");
  await refreshing.opened;
  const waiting = me.api.GET("/api/v1/auth/sessions");
  late.open();

  unwrap(await early);
  unwrap(await waiting);
  const { token } = sent.find(({ operation }) => operation === "GET /api/v1/auth/sessions")!;
  expect(token).not.toBe(old);
});

test("A call that is aborted while it waits for the refresh leaves the refresh to the others", async () => {
  const { sent, fetch } = recorder();
  const refreshing = gate();
  const late = gate();
  const me = await visitor({
    fetch: async (request) => {
      if (request.url.endsWith("/auth/refresh")) {
        refreshing.open();
        await late.opened;
      }
      return fetch(request);
    },
  });
  await expired(me);

  const impatient = new AbortController();
  const leaving = me.api.GET("/api/v1/me", { signal: impatient.signal });
  await refreshing.opened;
  const staying = me.api.GET("/api/v1/me");
  impatient.abort("changed my mind");

  expect((await leaving).error).toMatchObject({ code: "aborted", cause: "changed my mind" });
  late.open();
  expect(unwrap(await staying).email).toBe(me.credentials.email);
  expect(refreshes(sent)).toHaveLength(1);
});

test("A session that is ended elsewhere ends here, once, and the application is told", async () => {
  const me = await visitor();
  await endElsewhere(me);
  me.sent.length = 0;

  const results = await Promise.all(Array.from({ length: 10 }, () => me.api.GET("/api/v1/me")));

  expect(results.map((result) => result.error?.code)).toEqual(Array(10).fill("unauthorized"));
  expect(me.ends).toEqual([{ reason: expect.objectContaining({ code: "invalid_refresh_token", status: 401 }) }]);
  expect(await me.api.tokens()).toBeNull();
  expect(refreshes(me.sent)).toHaveLength(1);

  expect((await me.api.GET("/api/v1/me")).error?.code).toBe("unauthorized");
  expect(refreshes(me.sent)).toHaveLength(1);
  expect(me.ends).toHaveLength(1);

  unwrap(await me.api.login(me.credentials));
  expect(unwrap(await me.api.GET("/api/v1/me")).email).toBe(me.credentials.email);
});

test("A call of a session that another login replaced is not repeated with the other one's token", async () => {
  const { sent, fetch } = recorder();
  const refreshing = gate();
  const late = gate();
  const me = await visitor({
    fetch: async (request) => {
      const answer = await fetch(request);
      if (request.url.endsWith("/auth/refresh")) {
        refreshing.open();
        await late.opened;
      }
      return answer;
    },
  });
  const other = await visitor();
  await expired(me);

  const mine = me.api.POST("/api/v1/routers", { body: { routerId: "home-1", name: "Mine" } });
  await refreshing.opened;
  await me.storage.write((await other.storage.read())!);
  late.open();

  expect((await mine).error?.code).toBe("unauthorized");
  expect(sent.filter(({ operation }) => operation === "POST /api/v1/routers")).toHaveLength(1);
  expect(unwrap(await me.api.GET("/api/v1/me")).email).toBe(other.credentials.email);
  expect(me.ends).toEqual([]);
});

test("A logout ends the session without telling the application, and the token is dead", async () => {
  const me = await visitor();
  const { accessToken } = (await me.storage.read())!;

  expect((await me.api.logout()).status).toBe(204);

  expect(await me.api.tokens()).toBeNull();
  expect(me.ends).toEqual([]);
  const answer = await fetch(`${baseUrl}/api/v1/me`, { headers: { Authorization: `Bearer ${accessToken}` } });
  expect(answer.status).toBe(401);
});

test("A logout that does not reach the server removes the tokens, and says that it failed", async (context) => {
  const broken = await line(context);
  const me = await visitor({ baseUrl: broken.baseUrl });
  broken.damage = () => "drop";

  expect((await me.api.logout()).error?.code).toBe("network_failure");

  expect(await me.api.tokens()).toBeNull();
  expect(me.ends).toEqual([]);
});

test("A logout of a session that was ended elsewhere removes the tokens without telling the application", async () => {
  const me = await visitor();
  await endElsewhere(me);

  expect((await me.api.logout()).error?.code).toBe("unauthorized");

  expect(await me.api.tokens()).toBeNull();
  expect((await me.api.GET("/api/v1/me")).error?.code).toBe("unauthorized");
  expect(me.ends).toEqual([]);
});

test("A logout that is aborted keeps the tokens, and tells of a session that was ended elsewhere", async () => {
  const { fetch } = recorder();
  const asked = gate();
  const refreshing = gate();
  const late = gate();
  let isLogout = true;
  const me = await visitor({
    fetch: async (request) => {
      if (request.url.endsWith("/auth/logout") && isLogout) {
        isLogout = false;
        asked.open();
        await new Promise(() => {});
      }
      const answer = await fetch(request);
      if (request.url.endsWith("/auth/refresh")) {
        refreshing.open();
        await late.opened;
      }
      return answer;
    },
  });
  const before = await me.storage.read();
  const leaving = new AbortController();
  const logout = me.api.logout({ signal: leaving.signal });
  await asked.opened;
  leaving.abort("changed my mind");
  expect((await logout).error).toMatchObject({ code: "aborted", cause: "changed my mind" });
  expect(await me.storage.read()).toEqual(before);

  await endElsewhere(me);
  const again = new AbortController();
  const second = me.api.logout({ signal: again.signal });
  await refreshing.opened;
  again.abort();
  expect((await second).error?.code).toBe("aborted");
  late.open();

  expect((await me.api.GET("/api/v1/me")).error?.code).toBe("unauthorized");
  expect(me.ends).toEqual([{ reason: expect.objectContaining({ code: "invalid_refresh_token" }) }]);
});

test("A logout that is aborted after the session was found to be over tells of it", async () => {
  const { fetch } = recorder();
  const ended = gate();
  const storage = memoryStorage();
  const leaving = new AbortController();
  const me = await visitor({
    fetch,
    storage: {
      read: storage.read,
      write: async (tokens) => {
        await storage.write(tokens);
        if (tokens === null) {
          ended.open();
          leaving.abort();
        }
      },
    },
  });
  await endElsewhere(me);

  expect((await me.api.logout({ signal: leaving.signal })).error?.code).toBe("aborted");

  await ended.opened;
  expect((await me.api.GET("/api/v1/me")).error?.code).toBe("unauthorized");
  expect(me.ends).toEqual([{ reason: expect.objectContaining({ code: "invalid_refresh_token" }) }]);
});

test("A login that is aborted keeps no tokens", async () => {
  const { fetch } = recorder();
  const asked = gate();
  const me = await visitor();
  const api = createClient({
    baseUrl,
    fetch: async (request) => {
      asked.open();
      await new Promise(() => {});
      return fetch(request);
    },
  });
  const leaving = new AbortController();

  const login = api.login(me.credentials, { signal: leaving.signal });
  await asked.opened;
  leaving.abort("changed my mind");

  expect((await login).error).toMatchObject({ code: "aborted", cause: "changed my mind" });
  expect(await api.tokens()).toBeNull();
});

test("A refresh whose answer is lost is repeated, and the session lives on", async (context) => {
  const broken = await line(context);
  const me = await visitor({ baseUrl: broken.baseUrl });
  await expired(me);
  broken.damage = first(/auth\/refresh/, "lose");

  expect(unwrap(await me.api.GET("/api/v1/me")).email).toBe(me.credentials.email);

  expect(broken.requests.filter((request) => request === refresh).length).toBeGreaterThan(1);
  expect(refreshes(me.sent)).toHaveLength(1);
  expect(me.ends).toEqual([]);
});

test("A refresh that does not reach the server fails the calls, and the session lives on", async (context) => {
  const broken = await line(context);
  const me = await visitor({ baseUrl: broken.baseUrl });
  const old = await expired(me);
  broken.damage = (request) => (request === refresh ? "drop" : undefined);

  expect((await me.api.GET("/api/v1/me")).error?.code).toBe("network_failure");
  expect((await me.api.tokens())?.accessToken).toBe(old);

  broken.damage = () => undefined;
  expect(unwrap(await me.api.GET("/api/v1/me")).email).toBe(me.credentials.email);
  expect(me.ends).toEqual([]);
});

test("Two clients that share a storage, such as two tabs, keep one session", async () => {
  const storage = memoryStorage();
  const tab = await visitor({ storage });
  const { sent, fetch } = recorder();
  const other = createClient({ baseUrl, storage, fetch });
  const old = await expired(tab);

  const results = await Promise.all([tab.api.GET("/api/v1/me"), other.GET("/api/v1/me")]);

  expect(results.map((result) => result.data?.email)).toEqual(Array(2).fill(tab.credentials.email));
  expect((await storage.read())?.accessToken).not.toBe(old);
  expect(sent.at(-1)?.token).not.toBe(old);
  expect(tab.ends).toEqual([]);
});

test.each(["is refused", "logs out"])("A client is told once, at its next call, that another one of its storage %s", async (how) => {
  const me = await visitor();
  const ends: unknown[] = [];
  const other = createClient({ baseUrl, storage: me.storage, onSessionEnd: (end) => ends.push(end) });
  unwrap(await other.GET("/api/v1/me"));
  if (how === "logs out") {
    await me.api.logout();
  } else {
    await endElsewhere(me);
    expect((await me.api.GET("/api/v1/me")).error?.code).toBe("unauthorized");
  }
  expect(ends).toEqual([]);

  const results = await Promise.all([other.GET("/api/v1/me"), other.GET("/api/v1/me")]);

  expect(results.map((result) => result.error?.code)).toEqual(["unauthorized", "unauthorized"]);
  expect(ends).toEqual([{}]);
  expect(me.ends).toHaveLength(how === "logs out" ? 0 : 1);
  unwrap(await other.login(me.credentials));
  unwrap(await other.logout());
  expect((await other.GET("/api/v1/me")).error?.code).toBe("unauthorized");
  expect(ends).toHaveLength(1);
});

test("A 200 without tokens, as a portal gives it, is no login and no refresh", async () => {
  const { fetch } = recorder();
  let portal = false;
  const me = await visitor({
    fetch: (request) => (portal && request.url.includes("/auth/") ? Promise.resolve(Response.json({})) : fetch(request)),
  });
  const before = await me.storage.read();
  await expired(me);
  portal = true;

  expect((await me.api.login(me.credentials)).error).toMatchObject({ code: "unexpected_answer", status: 200 });
  expect((await me.api.GET("/api/v1/me")).error).toMatchObject({ code: "unexpected_answer", status: 200 });

  expect(await me.storage.read()).toEqual(before);
  portal = false;
  expect(unwrap(await me.api.GET("/api/v1/me")).email).toBe(me.credentials.email);
  expect(me.ends).toEqual([]);
});

test("A 401 for a wrong password makes no refresh", async () => {
  const me = await visitor();
  me.sent.length = 0;

  const { error } = await me.api.POST("/api/v1/me/password", {
    body: { currentPassword: "another-password-entirely", newPassword: "a-warm-lamp-in-the-cellar" },
  });

  expect(error?.code).toBe("invalid_credentials");
  // The access token may have ended before it: what answers a wrong password is the last request, and the only one answered so.
  expect(me.sent.at(-1)?.code).toBe("invalid_credentials");
  expect(me.sent.filter(({ code }) => code === "invalid_credentials")).toHaveLength(1);
});
