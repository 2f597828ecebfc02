import { randomUUID } from "node:crypto";
import { once } from "node:events";
import { createServer, connect, type Socket } from "node:net";
import { type Client, type ClientOptions, createClient, memoryStorage, type Schemas, type TokenStorage, unwrap } from "@netpilot/client";
import { expect, inject, type TestContext, vi } from "vitest";

export const baseUrl = inject("api");

/** For what a busy machine may take long for. */
export const patience = { timeout: 300_000, interval: 50 };

/** A request as it was sent. */
export interface Sent {
  operation: string;
  token: string | undefined;
  key: string | null;
  search: string;
  /** The refresh token of a refresh. */
  refreshToken?: string;
  /** The other refreshes that were under way when it was sent. */
  beside?: number;
  /** The code of a 401. */
  code?: string;
}

/** A user who is logged in, and what the client sends. */
export interface Visitor {
  api: Client;
  storage: TokenStorage;
  credentials: Schemas["LoginRequest"];
  sent: Sent[];
  ends: unknown[];
}

/** Sends with `fetch`, and keeps what was sent. */
export function recorder(): { sent: Sent[]; fetch: (request: Request) => Promise<Response> } {
  const sent: Sent[] = [];
  let refreshing = 0;
  return {
    sent,
    fetch: async (request) => {
      const { pathname, search } = new URL(request.url);
      const token = request.headers.get("Authorization")?.replace("Bearer ", "");
      const entry: Sent = { operation: `${request.method} ${pathname}`, token, key: request.headers.get("Idempotency-Key"), search };
      sent.push(entry);
      if (pathname.endsWith("/auth/refresh")) {
        entry.beside = refreshing++;
        try {
          entry.refreshToken = ((await request.clone().json()) as { refreshToken: string }).refreshToken;
          return await fetch(request);
        } finally {
          refreshing--;
        }
      }
      const answer = await fetch(request);
      if (answer.status === 401) {
        entry.code = ((await answer.clone().json()) as { code: string }).code;
      }
      return answer;
    },
  };
}

/** The refreshes, one after the other. One that takes long is sent again with the same token, after the first attempt was given up. */
export function refreshes(sent: Sent[]): string[] {
  const made = sent.filter(({ refreshToken }) => refreshToken !== undefined);
  expect(made.filter(({ beside }) => beside !== 0)).toEqual([]);
  return [...new Set(made.map(({ refreshToken }) => refreshToken!))];
}

/** A client with a new session: of a new user, or of a known one. */
export async function visitor(options: ClientOptions = {}, known?: Schemas["LoginRequest"]): Promise<Visitor> {
  const { sent, fetch } = recorder();
  const storage = options.storage ?? memoryStorage();
  const ends: unknown[] = [];
  const api = createClient({ baseUrl, fetch, ...options, storage, onSessionEnd: (end) => ends.push(end) });
  const credentials = known ?? { email: `${randomUUID()}@example.org`, password: "a-fresh-breeze-in-the-attic" };
  if (known === undefined) {
    unwrap(await api.POST("/api/v1/auth/register", { body: credentials }));
  }
  unwrap(await api.login(credentials));
  return { api, storage, credentials, sent, ends };
}

/** Ends the session of a visitor from another session of the same user. */
export async function endElsewhere({ credentials }: Visitor): Promise<void> {
  const { api } = await visitor({}, credentials);
  const mine = unwrap(await api.GET("/api/v1/auth/sessions")).items.find((session) => !session.current)!;
  unwrap(await api.DELETE("/api/v1/auth/sessions/{id}", { params: { path: { id: mine.id } } }));
}

/** A router of one's own. */
export async function claim(api: Client, name = "Home"): Promise<string> {
  const { routerId } = unwrap(await api.POST("/api/v1/routers", { body: { routerId: `home-${randomUUID()}`, name } }));
  return routerId;
}

/** The address of a device that a scan found. */
export async function scannedAddress(api: Client, routerId: string): Promise<string> {
  const { devices } = unwrap(await api.POST("/api/v1/routers/{routerId}/scan", { params: { path: { routerId } } }));
  return devices.find((device) => !device.ip.endsWith(".1"))!.ip;
}

/** Waits until the API refuses the access token that the storage has, and gives the token. */
export async function expired({ storage }: Visitor): Promise<string> {
  const { accessToken } = (await storage.read())!;
  await vi.waitFor(async () => {
    const { status } = await fetch(`${baseUrl}/api/v1/me`, { headers: { Authorization: `Bearer ${accessToken}` } });
    if (status !== 401) {
      throw new Error(`The token is still valid (${status}).`);
    }
  }, patience);
  return accessToken;
}

/** Collects what nothing refers to, also what is free only after a collection. */
export async function collectGarbage(): Promise<void> {
  for (let pass = 0; pass < 3; pass++) {
    await new Promise((resolve) => setImmediate(resolve));
    globalThis.gc!();
  }
}

/** A promise, and what fulfils it. */
export function gate(): { opened: Promise<void>; open: () => void } {
  let open = () => {};
  const opened = new Promise<void>((resolve) => (open = resolve));
  return { opened, open };
}

/** Calls the control API of the simulated Commands-Server. */
export async function simulate<T>(method: string, path: string, body?: object): Promise<T> {
  const init = body && { headers: { "Content-Type": "application/json" }, body: JSON.stringify(body) };
  const answer = await fetch(`${inject("simulator")}/_sim/${path}`, { method, ...init });
  if (!answer.ok) {
    throw new Error(`${method} ${path}: ${answer.status} ${await answer.text()}`);
  }
  return (await answer.json()) as T;
}

/** Lets the next command of a kind wait at the router. */
export async function hold(routerId: string, operation: string): Promise<{ reached: () => Promise<void>; release: () => Promise<unknown> }> {
  const { id } = await simulate<{ id: number }>("POST", "faults", { kind: "hold_answer", operation, routerId });
  const release = () => simulate("DELETE", `faults/${id}`);
  const reached = () =>
    vi.waitFor(async () => {
      const faults = await simulate<{ id: number; hits: number }[]>("GET", "faults");
      if (faults.find((fault) => fault.id === id)?.hits !== 1) {
        throw new Error("No command has come.");
      }
    }, patience);
  return { reached, release };
}

/** What a line does to a request: it drops it, loses its answer, or neither. */
type Damage = "drop" | "lose" | undefined;

/** A TCP line to the API, which breaks connections. */
export interface Line {
  baseUrl: string;
  /** Decides what happens to the requests to come, from their first line. */
  damage: (request: string) => Damage;
  /** The first lines of the requests that came. */
  requests: string[];
  /** Those of them whose connection ended before an answer came. */
  unanswered: string[];
  /** Breaks the connections of the clients. Those to the API stay. */
  hangUp: () => void;
}

export async function line({ onTestFinished }: TestContext): Promise<Line> {
  const target = new URL(baseUrl);
  const clients = new Set<Socket>();
  const upstreams = new Set<Socket>();
  const server = createServer((client) => {
    const upstream = connect(Number(target.port), target.hostname);
    clients.add(client);
    upstreams.add(upstream);
    let damage: Damage;
    let pending: string | undefined;
    client.on("data", (chunk: Buffer) => {
      const request = /^[A-Z]+ \S+(?= HTTP)/.exec(chunk.toString("latin1"))?.[0];
      if (request !== undefined) {
        made.requests.push(request);
        pending = request;
        damage = made.damage(request);
      }
      if (damage === "drop") {
        client.destroy();
      } else {
        upstream.write(chunk);
      }
    });
    upstream.on("data", (chunk: Buffer) => {
      if (damage === "lose") {
        client.destroy();
      } else {
        pending = undefined;
        client.write(chunk);
      }
    });
    const close = () => {
      clients.delete(client);
      if (pending !== undefined) {
        made.unanswered.push(pending);
      }
    };
    client.on("close", close).on("error", () => {});
    upstream.on("close", () => upstreams.delete(upstream) && client.destroy()).on("error", () => {});
  });
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  onTestFinished(() => {
    server.close();
    [...clients, ...upstreams].forEach((socket) => socket.destroy());
  });

  const made: Line = {
    baseUrl: `http://127.0.0.1:${(server.address() as { port: number }).port}`,
    damage: () => undefined,
    requests: [],
    unanswered: [],
    hangUp: () => clients.forEach((socket) => socket.destroy()),
  };
  return made;
}

/** Damages the first request that matches, and no other. */
export function first(request: RegExp, damage: Damage): (request: string) => Damage {
  let done = false;
  return (came) => {
    const hit = !done && request.test(came);
    done ||= hit;
    return hit ? damage : undefined;
  };
}
