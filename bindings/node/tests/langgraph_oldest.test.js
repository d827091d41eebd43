// The tests of langgraph.test.js with the oldest @langchain/langgraph-checkpoint that is supported.
import assert from "node:assert/strict";
import { register } from "node:module";

const resolve = `export async function resolve(specifier, context, next) {
  const oldest = specifier === "@langchain/langgraph-checkpoint" ? "langgraph-checkpoint-oldest" : specifier;
  return next(oldest, context);
}`;
register(`data:text/javascript,${encodeURIComponent(resolve)}`);

const { BaseStore } = await import("@langchain/langgraph-checkpoint");
assert.equal(BaseStore, (await import("langgraph-checkpoint-oldest")).BaseStore);
await import("./langgraph.test.js");
