import { bodyOf, type Members, nothingOfOurs, optionsBody, withOptions } from "./body.js";
import { type ErrorDocument, errorOf, invalid } from "./error.js";
import { type Item, itemOf, type Namespace, type RunOptions } from "./item.js";
import { isObject, type JsonObject, type RawJson } from "./json.js";
import { type NamespaceQuery, type NamespacesPage, withNamespaceQuery } from "./namespaces.js";
import { type Page, pageOf, type Query } from "./search.js";

/** One operation of a batch. */
export type BatchOperation =
  | {
      op: "put";
      namespace: Namespace;
      key: string;
      value: object | RawJson | null;
      ttl?: number | null | undefined;
      index?: false | readonly string[] | undefined;
    }
  | { op: "get"; namespace: Namespace; key: string; refreshTtl?: boolean | undefined }
  | { op: "delete"; namespace: Namespace; key: string }
  | ({ op: "search"; namespacePrefix: Namespace; limit?: number | undefined; refreshTtl?: boolean | undefined } & Query)
  | ({ op: "list_namespaces"; limit?: number | undefined } & NamespaceQuery)
  | { op: "count"; namespacePrefix: Namespace; filter?: JsonObject | undefined };

/** What an operation of a batch answers. */
export type BatchAnswer<O extends BatchOperation> = O extends { op: "get" }
  ? Item | null
  : O extends { op: "search" }
    ? Page
    : O extends { op: "list_namespaces" }
      ? NamespacesPage
      : O extends { op: "count" }
        ? number
        : undefined;

/** One result for each operation, in their order, as Promise.allSettled has them. */
export type BatchResults<O extends readonly BatchOperation[]> = {
  -readonly [I in keyof O]: PromiseSettledResult<BatchAnswer<O[I]>>;
};

/** Options of a batch. */
export interface BatchOptions extends RunOptions {
  /**
   * "snapshot" (default): all is checked first, and reads see the state before the batch. "sequential": in order, each
   * operation sees the ones before.
   */
  mode?: "snapshot" | "sequential" | undefined;
  /**
   * "none" (default): each operation succeeds or fails for itself. "logged": all or nothing; on a cluster others may
   * see it half done for a moment.
   */
  atomicity?: "none" | "logged" | undefined;
}

type ResultDocument = { result: unknown } | { error: ErrorDocument };

export function batchBody(operations: readonly BatchOperation[], options: BatchOptions | undefined): string {
  if (!Array.isArray(operations)) throw invalid("ops", "must be an array", "batch");
  const parts = operations.map((operation, i) => {
    if (!isObject(operation)) throw invalid(`ops[${i}]`, "must be an object", "batch");
    return bodyOf(membersOf(operation as BatchOperation), "batch", `ops[${i}].`);
  });
  const rest = optionsBody("batch", options).slice(1);
  return `{"ops":[${parts.join(",")}]${rest === "}" ? "" : ","}${rest}`;
}

function membersOf(operation: BatchOperation): Members {
  if (operation.op === "list_namespaces") return withNamespaceQuery({}, operation, "batch", nothingOfOurs);
  return withOptions({}, operation, "batch", nothingOfOurs);
}

export function resultsOf<O extends readonly BatchOperation[]>(text: string, operations: O): BatchResults<O> {
  const { results } = JSON.parse(text) as { results: ResultDocument[] };
  return results.map((result, i) => settled(result, (operations[i] as BatchOperation).op)) as BatchResults<O>;
}

function settled(result: ResultDocument, op: BatchOperation["op"]): PromiseSettledResult<unknown> {
  if ("error" in result) return { status: "rejected", reason: errorOf(result.error, op) };
  return { status: "fulfilled", value: answerOf(result.result, op) };
}

// biome-ignore lint/suspicious/noExplicitAny: the answer's form follows from the operation.
function answerOf(value: any, op: BatchOperation["op"]): unknown {
  switch (op) {
    case "get":
      return itemOf(value);
    case "search":
      return pageOf(value);
    case "list_namespaces":
    case "count":
      return value;
    default:
      return undefined;
  }
}
