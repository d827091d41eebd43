// Makes src/config.ts, the type of configurations, of docs/config.schema.json, which the core makes of its own types.
import { readFileSync, writeFileSync } from "node:fs";
import { compile } from "json-schema-to-typescript";

const root = process.env.LGSTORE_SOURCE_DIR ?? new URL("../../..", import.meta.url).pathname;
const { title, ...schema } = JSON.parse(readFileSync(`${root}/docs/config.schema.json`, "utf8"));
const types = await compile(schema, "Config", {
  additionalProperties: false,
  bannerComment: `// ${title}: made by tools/config.js of docs/config.schema.json.`,
  ignoreMinAndMaxItems: true,
});
writeFileSync(new URL("../src/config.ts", import.meta.url), types);
