import { createClient, unwrap } from "@netpilot/client";

const api = createClient({ baseUrl: "http://127.0.0.1:8080", onSessionEnd: () => console.log("Log in again.") });
unwrap(await api.login({ email: "me@example.org", password: "a-fresh-breeze-in-the-attic" }));
const { routerId } = unwrap(await api.POST("/api/v1/routers", { body: { routerId: "home-1", name: "Home" } }));
const params = { path: { routerId } };
const { devices } = unwrap(await api.POST("/api/v1/routers/{routerId}/scan", { params }));
const ip = devices.find((device) => !device.ip.endsWith(".1"))?.ip ?? "192.168.1.10";
const { data: block, error } = await api.POST("/api/v1/routers/{routerId}/block", { params, body: { ip } });
console.log(block ? `${block.ip} is ${block.state}.` : error.code === "router_busy" ? `Try again in ${error.retryAfter} s.` : error.detail);
