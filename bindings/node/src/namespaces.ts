import { type Members, nothingOfOurs, withOptions } from "./body.js";
import { invalid } from "./error.js";
import type { Namespace, RunOptions } from "./item.js";
import { isObject } from "./json.js";
import type { Op } from "./op.js";

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

/** Adds a listing's members to those of a request. */
export function withNamespaceQuery<O extends NamespaceQuery>(
  members: Members,
  query: O | undefined,
  op: Op,
  without?: ReadonlySet<string>,
  at = "",
): Members {
  const { prefix, suffix, matchConditions = [], ...rest } = query ?? ({} as O);
  if (!Array.isArray(matchConditions)) throw invalid(`${at}matchConditions`, "must be an array", op);
  const conditions = Array.from(matchConditions as readonly MatchCondition[], (condition, i) => {
    const place = `${at}matchConditions[${i}]`;
    if (!isObject(condition)) throw invalid(place, "must be an object", op);
    return withOptions({}, condition, op, nothingOfOurs, `${place}.`);
  });
  if (prefix !== undefined) conditions.push({ match_type: "prefix", path: prefix });
  if (suffix !== undefined) conditions.push({ match_type: "suffix", path: suffix });
  members.match_conditions = conditions;
  return withOptions(members, rest, op, without, at);
}
