// What callers give as options. Types are no hindrance in JavaScript: what is none at all is refused here, before any
// of it is read.
import { invalid } from "./error.js";
import { isObject } from "./json.js";
import type { Op } from "./op.js";

/** Options whose members others check: an object, or undefined where there are none, which null says, too. */
export function given<O extends object>(options: O | null | undefined, op?: Op, field = "options"): O | undefined {
  if (options === undefined || options === null) return undefined;
  if (isObject(options)) return options;
  throw invalid(field, "must be an object", op);
}

/** Options that the library never sees, so that it can't name those that it does not know. */
export function known<O extends object>(
  options: O | null | undefined,
  names: readonly string[],
  field?: string,
): Partial<O> {
  const found: Partial<O> = given(options, undefined, field) ?? {};
  for (const name of Object.keys(found)) {
    if (names.includes(name)) continue;
    throw invalid(field === undefined ? name : `${field}.${name}`, `is no option; there are ${names.join(", ")}`);
  }
  return found;
}
