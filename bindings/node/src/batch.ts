import { bodyOf, type Members, nothingOfOurs, optionsBody, reasonOf, withOptions } from "./body.js";
import { type ErrorDocument, errorOf, invalid, LgstoreError } from "./error.js";
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

export type Kind = BatchOperation["op"];

type ResultDocument = { result: unknown } | { error: ErrorDocument };

/** The body of a batch. The kinds of its operations go to `kinds`: the caller may change the array meanwhile. */
export function batchBody(
  operations: readonly BatchOperation[],
  options: BatchOptions | undefined,
  kinds: Kind[],
): string {
  if (!Array.isArray(operations)) throw invalid("ops", "must be an array", "batch");
  const parts = Array.from(operations as readonly BatchOperation[], (operation, i) => {
    const at = `ops[${i}]`;
    if (!isObject(operation)) throw invalid(at, "must be an object", "batch");
    try {
      const members = membersOf(operation, `${at}.`);
      kinds.push(members.op as Kind);
      return bodyOf(members, "batch", `${at}.`);
    } catch (cause) {
      // Of the operation's own code, as of a getter: named, as others of the batch are not to suffer for it.
      throw cause instanceof LgstoreError ? cause : invalid(at, reasonOf(cause), "batch", cause);
    }
  });
  const rest = optionsBody("batch", options).slice(1);
  return `{"ops":[${parts.join(",")}]${rest === "}" ? "" : ","}${rest}`;
}

function membersOf(operation: BatchOperation, at: string): Members {
  if (operation.op === "list_namespaces") return withNamespaceQuery({}, operation, "batch", nothingOfOurs, at);
  return withOptions({}, operation, "batch", nothingOfOurs, at);
}

export function resultsOf<O extends readonly BatchOperation[]>(text: string, kinds: readonly Kind[]): BatchResults<O> {
  const { results } = JSON.parse(text) as { results: ResultDocument[] };
  return results.map((result, i) => settled(result, kinds[i] as Kind)) as BatchResults<O>;
}

function settled(result: ResultDocument, op: Kind): PromiseSettledResult<unknown> {
  if ("error" in result) return { status: "rejected", reason: errorOf(result.error, op) };
  return { status: "fulfilled", value: answerOf(result.result, op) };
}

// biome-ignore lint/suspicious/noExplicitAny: the answer's form follows from the operation.
function answerOf(value: any, op: Kind): unknown {
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
