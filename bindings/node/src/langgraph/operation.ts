import { inspect } from "node:util";
import {
  type GetOperation,
  InvalidNamespaceError,
  type Item as LangGraphItem,
  type ListNamespacesOperation,
  type Operation,
  type PutOperation,
  type SearchItem,
  type SearchOperation,
} from "@langchain/langgraph-checkpoint";
import type { BatchAnswer, BatchOperation } from "../batch.js";
import { errorOf } from "../error.js";
import type { Item } from "../item.js";
import type { NamespacesPage } from "../namespaces.js";
import type { Order, Page } from "../search.js";
import type { Store } from "../store.js";

/** What LGStore adds to operations, which say nothing of it in LangGraph. */
export interface Additions {
  order: Order;
  /** Seconds; undefined = the store's own default. */
  ttl: number | null | undefined;
  refreshTtl: boolean;
}

/** LangGraph tells operations by their members; this is the order in which its own stores look. */
export function batchOperation(operation: Operation, additions: Additions): BatchOperation {
  if (typeof operation !== "object" || operation === null) throw unknownOperation(operation);
  if ("namespacePrefix" in operation) return searchOf(operation, additions);
  if ("value" in operation) return putOf(operation, additions);
  if ("key" in operation && "namespace" in operation) return getOf(operation, additions);
  if ("matchConditions" in operation || "limit" in operation) return listOf(operation);
  throw unknownOperation(operation);
}

function unknownOperation(operation: unknown): Error {
  return errorOf({ code: "unsupported", message: `no operation of a store: ${shown(operation)}` }, "batch");
}

/** What the caller gave, on one line, whatever it is. */
function shown(value: unknown): string {
  return inspect(value, { depth: 1, breakLength: Number.POSITIVE_INFINITY, maxArrayLength: 20, maxStringLength: 100 });
}

function getOf({ namespace, key }: GetOperation, { refreshTtl }: Additions): BatchOperation {
  return { op: "get", namespace, key, refreshTtl };
}

function putOf({ namespace, key, value, index }: PutOperation, { ttl }: Additions): BatchOperation {
  if (value === null) return { op: "delete", namespace, key };
  validateNamespace(namespace);
  return { op: "put", namespace, key, value, index, ttl };
}

function searchOf(operation: SearchOperation, { order, refreshTtl }: Additions): BatchOperation {
  const { namespacePrefix, filter, limit, offset, query } = operation;
  return { op: "search", namespacePrefix, filter: filter ?? undefined, limit, offset, query, order, refreshTtl };
}

function listOf({ matchConditions, maxDepth, limit, offset }: ListNamespacesOperation): BatchOperation {
  return { op: "list_namespaces", matchConditions: matchConditions ?? [], maxDepth, limit, offset };
}

/**
 * LangGraph's rules for where items may be put, as the newest version has them: older ones lack some, and none applies
 * them to `batch`. The library itself takes colons and the root "langgraph".
 */
function validateNamespace(namespace: string[]): void {
  if (!Array.isArray(namespace)) throw new InvalidNamespaceError(`Namespace must be an array: ${shown(namespace)}.`);
  if (namespace.length === 0) throw new InvalidNamespaceError("Namespace cannot be empty.");
  for (const label of namespace) {
    const problem = problemOf(label);
    if (!problem) continue;
    throw new InvalidNamespaceError(`Invalid namespace label ${shown(label)} in ${shown(namespace)}: ${problem}.`);
  }
  if (namespace[0] === "langgraph") {
    throw new InvalidNamespaceError(`The root label of a namespace cannot be "langgraph": ${shown(namespace)}.`);
  }
}

function problemOf(label: unknown): string | undefined {
  if (typeof label !== "string") return `labels must be strings, not ${typeof label}`;
  if (label === "") return "labels cannot be empty";
  for (const forbidden of [".", ":", "\0"]) {
    if (label.includes(forbidden)) return `labels cannot contain ${JSON.stringify(forbidden)}`;
  }
  return undefined;
}

function itemOf({ value, key, namespace, createdAt, updatedAt }: Item): LangGraphItem {
  return { value, key, namespace, createdAt, updatedAt };
}

function searchItemOf(item: Item): SearchItem {
  const made: SearchItem = itemOf(item);
  if (item.score !== undefined) made.score = item.score;
  return made;
}

/** Sends an operation that has no others beside it as itself: the library may have its answer at once. */
export function alone(store: Store, operation: BatchOperation): Promise<BatchAnswer<BatchOperation>> {
  switch (operation.op) {
    case "get":
      return store.get(operation.namespace, operation.key, { refreshTtl: operation.refreshTtl });
    case "put": {
      const { namespace, key, value, ttl, index } = operation;
      return store.put(namespace, key, value, { ttl, index }) as Promise<undefined>;
    }
    case "delete":
      return store.delete(operation.namespace, operation.key) as Promise<undefined>;
    case "search": {
      const { namespacePrefix, filter, order, query, limit, offset, refreshTtl } = operation;
      return store.searchPage(namespacePrefix, { filter, order, query, limit, offset, refreshTtl });
    }
    case "list_namespaces": {
      const { matchConditions, maxDepth, limit, offset } = operation;
      return store.listNamespacesPage({ matchConditions, maxDepth, limit, offset });
    }
    case "count":
      return store.count(operation.namespacePrefix, operation.filter);
  }
}

/** What LangGraph expects as the result of an operation. */
export function answerOf(operation: BatchOperation, answer: BatchAnswer<BatchOperation>): unknown {
  switch (operation.op) {
    case "get":
      return answer === null ? null : itemOf(answer as Item);
    case "search":
      return (answer as Page).items.map(searchItemOf);
    case "list_namespaces":
      return (answer as NamespacesPage).namespaces;
    default:
      return undefined;
  }
}
