/**
 * lgstore as the long-term memory of LangGraph.js: needs the package `@langchain/langgraph-checkpoint`, 1.0 or newer.
 *
 * @packageDocumentation
 */
export { BatchError } from "./error.js";
export { LGStore, type LGStoreOptions } from "./store.js";
