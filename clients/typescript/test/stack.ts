import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { chmod, mkdtemp, rm, symlink } from "node:fs/promises";
import { createServer } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import type { TestProject } from "vitest/node";

declare module "vitest" {
  export interface ProvidedContext {
    api: string;
    simulator: string;
  }
}

const root = fileURLToPath(new URL("../../../", import.meta.url));
const program = join(root, "dev/DevStack/bin/Debug/net10.0/NetPilot.DevStack.dll");

/** Short, so that tests can wait for the end of an access token. */
const settings = {
  Auth__AccessTokenLifetime: "00:00:05",
  Auth__Argon2__MemoryKiB: "7168",
  Auth__Argon2__Passes: "1",
  RateLimits__AuthPerMinute: "100000",
  RateLimits__AuthFailuresPerAddress: "100000",
  Tiers__free__MaxRouters: "50",
};

/**
 * Starts what dev/up starts, in a folder of its own, so that a dev/up of the developer goes on. NETPILOT_URL and NETPILOT_SIMULATOR_URL name a
 * running one instead: it needs the settings above.
 */
export default async function setup(project: TestProject): Promise<(() => Promise<void>) | undefined> {
  const { NETPILOT_URL, NETPILOT_SIMULATOR_URL } = process.env;
  if (NETPILOT_URL && NETPILOT_SIMULATOR_URL) {
    project.provide("api", NETPILOT_URL);
    project.provide("simulator", NETPILOT_SIMULATOR_URL);
    return undefined;
  }

  const folder = await mkdtemp(join(tmpdir(), "netpilot-client-"));
  // PostgreSQL may run as another user.
  await chmod(folder, 0o755);
  await symlink(join(root, "src"), join(folder, "src"));
  const [port, simulatorPort, smtpPort] = await freePorts(3);
  const options = ["--port", `${port}`, "--simulator-port", `${simulatorPort}`, "--smtp-port", `${smtpPort}`, "--calm"];
  const { ConnectionStrings__NetPilot, ...environment } = process.env;
  const stack = spawn("dotnet", [program, "up", ...options], {
    cwd: folder,
    env: { ...environment, ...settings },
    stdio: ["ignore", "pipe", "pipe"],
  });
  const stop = async () => {
    if (stack.exitCode === null) {
      stack.kill("SIGTERM");
      await once(stack, "exit");
    }
    await rm(folder, { recursive: true, force: true });
  };

  try {
    await untilUp(stack);
  } catch (error) {
    await stop();
    throw error;
  }
  project.provide("api", `http://127.0.0.1:${port}`);
  project.provide("simulator", `http://127.0.0.1:${simulatorPort}`);
  return stop;
}

function untilUp(stack: ChildProcess): Promise<void> {
  return new Promise((resolve, reject) => {
    let said = "";
    const hear = (chunk: Buffer) => {
      said += chunk.toString();
      if (said.includes("NetPilot is up.")) {
        resolve();
      }
    };
    stack.stdout?.on("data", hear);
    stack.stderr?.on("data", hear);
    stack.on("error", reject);
    stack.on("exit", (code) => reject(new Error(`dev/up ended with exit code ${code}. ${said || `Is ${program} built?`}`)));
  });
}

async function freePorts(count: number): Promise<number[]> {
  const servers = Array.from({ length: count }, () => createServer().listen(0, "127.0.0.1"));
  await Promise.all(servers.map((server) => once(server, "listening")));
  const ports = servers.map((server) => (server.address() as { port: number }).port);
  await Promise.all(servers.map((server) => once(server.close(), "close")));
  return ports;
}
