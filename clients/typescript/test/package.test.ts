import { execFile } from "node:child_process";
import { randomUUID } from "node:crypto";
import { readFile } from "node:fs/promises";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import { expect, test } from "vitest";
import { baseUrl, visitor } from "./support.js";

const root = new URL("../", import.meta.url);
const text = (name: string) => readFile(new URL(name, root), "utf8");
const run = promisify(execFile);

test("The example of the README runs with the built package", async () => {
  const { credentials } = await visitor();
  const example = await text("examples/login-to-block.ts");
  expect(await text("README.md")).toContain(`\`\`\`ts\n${example}\`\`\``);
  const program = example
    .replace("http://127.0.0.1:8080", baseUrl)
    .replace("me@example.org", credentials.email)
    .replace("home-1", `home-${randomUUID()}`);

  const { stdout } = await run(process.execPath, ["--input-type=module", "--eval", program], { cwd: fileURLToPath(root) });

  expect(stdout).toMatch(/^192\.168\.\d+\.\d+ is blocked\.\n$/);
});

test("The package depends on openapi-fetch alone", async () => {
  const { dependencies } = JSON.parse(await text("package.json")) as { dependencies: object };

  expect(Object.keys(dependencies)).toEqual(["openapi-fetch"]);
});
