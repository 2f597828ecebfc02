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

test("The examples of the README run with the built package, one after the other", async () => {
  const { credentials } = await visitor();
  const home = `home-${randomUUID()}`;
  const outputOf = async (name: string): Promise<string> => {
    const example = await text(name);
    expect(await text("README.md")).toContain(`\`\`\`ts\n${example}\`\`\``);
    const program = example
      .replace("http://127.0.0.1:8080", baseUrl)
      .replace("me@example.org", credentials.email)
      .replace("home-1", home);
    return (await run(process.execPath, ["--input-type=module", "--eval", program], { cwd: fileURLToPath(root) })).stdout;
  };

  expect(await outputOf("examples/login-to-block.ts")).toMatch(/^192\.168\.\d+\.\d+ is blocked\.\n$/);
  expect(await outputOf("examples/bedtime.ts")).toMatch(/^No schedule holds Mia until 2.*Z\.\n$/);
});

test("The package depends on openapi-fetch alone", async () => {
  const { dependencies } = JSON.parse(await text("package.json")) as { dependencies: object };

  expect(Object.keys(dependencies)).toEqual(["openapi-fetch"]);
});
