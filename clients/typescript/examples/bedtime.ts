import { createClient, unwrap } from "@netpilot/client";

const api = createClient({ baseUrl: "http://127.0.0.1:8080" });
unwrap(await api.login({ email: "me@example.org", password: "a-fresh-breeze-in-the-attic" }));
const params = { path: { routerId: "home-1" } };
const { items } = unwrap(await api.GET("/api/v1/routers/{routerId}/devices", { params }));
const deviceIds = items.filter((device) => !device.ip?.endsWith(".1")).map((device) => device.id);
const person = unwrap(await api.POST("/api/v1/routers/{routerId}/people", { params, body: { name: "Mia", deviceIds } }));
unwrap(
  await api.POST("/api/v1/routers/{routerId}/schedules", {
    params,
    body: {
      name: "Bedtime",
      personId: person.id,
      windows: [{ days: ["sun", "mon", "tue", "wed", "thu"], from: "21:00", to: "06:30" }],
    },
  }),
);
const mia = { path: { ...params.path, personId: person.id } };
const until = new Date(Date.now() + 30 * 60_000).toISOString();
const allowed = unwrap(await api.POST("/api/v1/routers/{routerId}/people/{personId}/allow", { params: mia, body: { until } }));
console.log(`No schedule holds ${allowed.name} until ${allowed.allowedUntil}.`);
