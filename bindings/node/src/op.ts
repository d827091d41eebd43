/** The operations by the names that they have in every language, and the library's numbers for them. */
export const ops = {
  put: 1,
  get: 2,
  delete: 3,
  search: 4,
  list_namespaces: 5,
  batch: 6,
  put_if_absent: 7,
  update_if_exists: 8,
  compare_and_set: 9,
  delete_if_exists: 10,
  delete_if_value: 11,
  delete_prefix: 12,
  count: 13,
  sweep: 14,
  open: 15,
  migrate: 16,
  warmup: 17,
  health: 18,
  cluster_info: 19,
  reindex: 20,
  backup: 21,
  advance: 22,
} as const;

/** The name of an operation, in errors, traces and for {@link Store.call}. */
export type Op = keyof typeof ops;
