// Writes src/generated from docs/openapi.json. With --check it writes nothing, and fails if a file is out of date.
import { readFile, writeFile } from "node:fs/promises";
import process from "node:process";
import openapiTS, { astToString } from "openapi-typescript";

const root = new URL("../", import.meta.url);
const source = new URL("../../docs/openapi.json", root);
const heading = "// Generated from docs/openapi.json by `npm run generate`. Do not edit.\n\n";

// The client gives these codes itself (src/failures.ts).
const clientCodes = ["network_failure", "aborted", "unexpected_answer", "unknown_problem"];

const document = JSON.parse(await readFile(source, "utf8"));
const files = {
  "src/generated/schema.ts": heading + astToString(await openapiTS(document, { silent: true })),
  "src/generated/document.ts": heading + facts(document),
};

const { version } = JSON.parse(await readFile(new URL("package.json", root), "utf8"));
if (version.split(".")[0] !== document.info.version.split(".")[0]) {
  fail(`The version of package.json is ${version}, and the API's version is ${document.info.version}. Their major versions must be the same.`);
}

for (const [name, text] of Object.entries(files)) {
  const file = new URL(name, root);
  if (!process.argv.includes("--check")) {
    await writeFile(file, text);
  } else if ((await readFile(file, "utf8").catch(() => "")) !== text) {
    fail(`clients/typescript/${name} is out of date with docs/openapi.json. Run: npm run generate`);
  }
}

function fail(sentence) {
  console.error(sentence);
  process.exitCode = 1;
}

/** What the client has to know of the document at run time. */
function facts({ info, paths, components, security }) {
  const operations = Object.entries(paths).flatMap(([path, item]) =>
    Object.entries(item)
      .filter(([, operation]) => operation.operationId)
      .map(([method, operation]) => ({ name: `${method.toUpperCase()} ${path}`, ...operation })),
  );
  const keyed = operations.filter(({ parameters = [] }) => parameters.some(({ name }) => name === "Idempotency-Key"));
  const anonymous = operations.filter((operation) => (operation.security ?? security ?? []).length === 0);
  const empty = operations.filter(({ responses }) =>
    Object.entries(responses).some(([status, answer]) => status.startsWith("2") && answer.content === undefined && answer.$ref === undefined),
  );
  const families = Object.entries(components.schemas).filter(([name]) => name.endsWith("Problem") && name !== "Problem");
  const codes = [...new Set(families.flatMap(([, schema]) => schema.properties.code.enum))];
  for (const code of codes.filter((code) => clientCodes.includes(code))) {
    fail(`The document has the code ${code}, which the client uses for itself.`);
  }

  return [
    "/** The version of the API that this client was made for. */",
    `export const apiVersion = ${JSON.stringify(info.version)};`,
    "",
    list("The codes of all problems of the document.", "problemCodes", codes),
    list("The operations that take an Idempotency-Key.", "keyedOperations", keyed.map(({ name }) => name)),
    list("The operations that have a success without a body.", "emptyOperations", empty.map(({ name }) => name)),
    list("The operations that need no access token.", "anonymousOperations", anonymous.map(({ name }) => name)),
  ].join("\n");
}

function list(summary, name, values) {
  const lines = [...values].sort().map((value) => `  ${JSON.stringify(value)},\n`);
  return `/** ${summary} */\nexport const ${name} = [\n${lines.join("")}] as const;\n`;
}
