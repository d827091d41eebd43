import type { Namespace, RunOptions } from "./item.js";
import { members } from "./json.js";

/** A condition on namespaces: they begin (prefix) or end with these labels; "*" stands for any one label. */
export interface MatchCondition {
  matchType: "prefix" | "suffix";
  path: Namespace;
}

/** Which namespaces are listed. All conditions that are given must hold. */
export interface NamespaceQuery {
  /** They begin with these labels; "*" stands for any one label. */
  prefix?: Namespace | undefined;
  /** They end with these labels; "*" as in prefix. */
  suffix?: Namespace | undefined;
  /** More conditions. */
  matchConditions?: readonly MatchCondition[] | undefined;
  /** Cuts what is found to so many labels, after the conditions. */
  maxDepth?: number | undefined;
  /** Passes over so many first. Not together with `cursor`. */
  offset?: number | undefined;
  /** Goes on where the page that gave it ended. */
  cursor?: string | undefined;
}

/** Options of {@link Store.listNamespaces}. */
export interface ListNamespacesOptions extends NamespaceQuery, RunOptions {
  /** How many there are at most. Default: all. */
  limit?: number | undefined;
  /** How many are asked for at once. Default: 100. */
  pageSize?: number | undefined;
}

/** Options of {@link Store.listNamespacesPage}. */
export interface ListNamespacesPageOptions extends NamespaceQuery, RunOptions {
  /** How many there are at most. Default: 100. */
  limit?: number | undefined;
}

/** One page of namespaces. */
export interface NamespacesPage {
  namespaces: string[][];
  /** For the page after; undefined where this is the last. */
  cursor?: string | undefined;
}

export function namespacesBody(options: ListNamespacesPageOptions = {}): string {
  return `{${namespacesMembers(options).slice(1)}}`;
}

/** The members of a listing, each with a comma before it. */
export function namespacesMembers<O extends NamespaceQuery>(options: O): string {
  const { prefix, suffix, matchConditions = [], ...rest } = options;
  const conditions = [...matchConditions];
  if (prefix !== undefined) conditions.push({ matchType: "prefix", path: prefix });
  if (suffix !== undefined) conditions.push({ matchType: "suffix", path: suffix });
  const written = conditions.map((condition) => `{${members(condition).slice(1)}}`);
  return `,"match_conditions":[${written.join(",")}]${members(rest)}`;
}
