import type { RequestOptions } from "./request.js";

/** What bringing a cluster's schema to a version did, or would do. */
export interface Migration {
  from: number;
  to: number;
  dry_run: boolean;
  steps: string[];
}

/** Options of {@link Store.migrate}. */
export interface MigrateOptions extends RequestOptions {
  /** Only says what would be done. */
  dryRun?: boolean | undefined;
  /** The version to go to. Default: this library's. Clusters only. */
  to?: number | undefined;
}
