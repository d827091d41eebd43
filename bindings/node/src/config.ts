/** The configuration of a store: docs/configuration.md. */
export type Config = Record<string, unknown>;
