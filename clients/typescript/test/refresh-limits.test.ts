import { unwrap } from "@netpilot/client";
import { expect, test, vi } from "vitest";
import { expired, gate, recorder, visitor } from "./support.js";

// The clock of a test is the file's: one test at a time. That of the server goes on.
test.sequential("A refresh whose answer never comes is repeated in time, and the session lives on", async ({ onTestFinished }) => {
  const { sent, fetch } = recorder();
  const refreshes = () => sent.filter(({ operation }) => operation === "POST /api/v1/auth/refresh").length;
  const answered = gate();
  let isLost = true;
  const me = await visitor({
    fetch: async (request) => {
      const answer = await fetch(request);
      if (request.url.endsWith("/auth/refresh") && isLost) {
        isLost = false;
        answered.open();
        await new Promise(() => {});
      }
      return answer;
    },
  });
  const old = await expired(me);
  useFakeClock(onTestFinished);

  const mine = me.api.GET("/api/v1/me");
  await answered.opened;
  await vi.advanceTimersByTimeAsync(2999);
  expect(refreshes()).toBe(1);
  await vi.advanceTimersByTimeAsync(10);
  expect(refreshes()).toBe(2);

  expect(unwrap(await mine).email).toBe(me.credentials.email);
  expect((await me.api.tokens())?.accessToken).not.toBe(old);
  expect(me.ends).toEqual([]);
});

test.sequential("No refresh is sent when the server may no longer give the lost answer, and the tokens are kept", async ({ onTestFinished }) => {
  const { fetch } = recorder();
  const first = gate();
  const sent: number[] = [];
  const me = await visitor({
    repeats: 9,
    fetch: async (request) => {
      if (request.url.endsWith("/auth/refresh")) {
        sent.push(Date.now());
        first.open();
        await new Promise(() => {});
      }
      return fetch(request);
    },
  });
  const old = await expired(me);
  useFakeClock(onTestFinished);

  let ended = 0;
  const mine = me.api.GET("/api/v1/me").finally(() => (ended = Date.now()));
  await first.opened;
  for (let seconds = 0; ended === 0 && seconds < 60; seconds++) {
    await vi.advanceTimersByTimeAsync(1000);
  }

  const began = sent[0]!;
  expect(ended - began).toBeGreaterThan(0);
  expect(ended - began).toBeLessThanOrEqual(17_000);
  expect((await mine).error).toMatchObject({ code: "network_failure" });
  expect(sent.length).toBeGreaterThan(1);
  expect(sent.at(-1)! - began).toBeLessThanOrEqual(7000);
  expect((await me.api.tokens())?.accessToken).toBe(old);
  expect(me.ends).toEqual([]);
});

test.sequential("The last attempt to refresh waits longer than the others", async ({ onTestFinished }) => {
  const { fetch } = recorder();
  const sent = gate();
  const late = gate();
  const me = await visitor({
    repeats: 0,
    fetch: async (request) => {
      const answer = await fetch(request);
      if (request.url.endsWith("/auth/refresh")) {
        sent.open();
        await late.opened;
      }
      return answer;
    },
  });
  await expired(me);
  useFakeClock(onTestFinished);

  const mine = me.api.GET("/api/v1/me");
  await sent.opened;
  await vi.advanceTimersByTimeAsync(9999);
  late.open();

  expect(unwrap(await mine).email).toBe(me.credentials.email);
});

/** Lets the test say how time passes. What `fetch` itself needs is the machine's. */
function useFakeClock(onTestFinished: (end: () => void) => void): void {
  vi.useFakeTimers({ toFake: ["setTimeout", "clearTimeout", "Date"] });
  onTestFinished(() => void vi.useRealTimers());
}
