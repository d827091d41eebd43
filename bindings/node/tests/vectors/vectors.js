// Runs tests/vectors/*.jsonl on one backend.
import { readdirSync, readFileSync } from "node:fs";
import path from "node:path";
import { open } from "lgstore";
import { runSteps } from "./case.js";

const able = new Set(["fresh", "clock", "long_clock", "milliseconds", "sweep", "ttl_20_years"]);
const beyondACluster = new Set(["long_clock", "milliseconds", "sweep", "ttl_20_years"]);

function vectorLines() {
  const folder = process.env.LGSTORE_VECTORS ?? new URL("../../../../tests/vectors/", import.meta.url).pathname;
  const files = readdirSync(folder).filter((file) => file.endsWith(".jsonl"));
  if (files.length === 0) throw new Error(`no vectors in ${folder}`);
  return files.flatMap((file) => readFileSync(path.join(folder, file), "utf8").trimEnd().split("\n"));
}

const isObject = (value) => typeof value === "object" && value !== null && !Array.isArray(value);

/** A configuration with another over it, objects member by member. */
function merge(below, above) {
  const merged = { ...below };
  for (const [name, value] of Object.entries(above)) {
    merged[name] = isObject(merged[name]) && isObject(value) ? merge(merged[name], value) : value;
  }
  return merged;
}

export class Backend {
  done = 0;
  leftOut = 0;
  failures = [];
  #shared = new Map();
  #opened = 0;
  #labels = 0;
  #fresh = Promise.resolve();

  /** @param folder for files; undefined = in memory or on a cluster */
  constructor({ config, cluster = false, folder }) {
    Object.assign(this, { config, cluster, folder });
  }

  async run() {
    const lines = vectorLines();
    const sleepers = [];
    const workers = Array.from({ length: this.cluster ? 6 : 1 }, async () => {
      for (let line = lines.shift(); line !== undefined; line = lines.shift()) await this.#runLine(line, sleepers);
    });
    await Promise.all(workers);
    await Promise.all(sleepers);
    for (const store of this.#shared.values()) await (await store).close();
  }

  /** The line with a root label that no other run of any case uses. */
  #label(line) {
    const label = `n${Math.floor(Date.now() / 1000).toString(16)}p${process.pid.toString(16)}n${++this.#labels}`;
    return JSON.parse(line.replaceAll("${ns}", label));
  }

  async #runLine(line, sleepers) {
    const vector = this.#label(line);
    const needs = new Set(vector.needs);
    for (const need of needs) {
      if (!able.has(need)) this.failures.push(`${vector.case}: unknown need ${need}`);
      if (this.cluster && beyondACluster.has(need)) {
        this.leftOut++;
        return;
      }
    }
    this.done++;
    const fresh = needs.has("fresh");
    if (this.cluster && !fresh && needs.has("clock")) sleepers.push(this.#twice(vector, line));
    else await this.#report(vector, this.#runCase(vector, fresh));
  }

  /**
   * What a case keeps alive has seconds to spare, but a busy machine may take longer: what failed runs once more. An
   * answer that is wrong is wrong again.
   */
  async #twice(vector, line) {
    try {
      await this.#runCase(vector, false);
    } catch (error) {
      console.error(`once more: ${vector.case}: ${error.message}`);
      await this.#report(vector, this.#runCase(this.#label(line), false));
    }
  }

  async #report(vector, run) {
    await run.catch((error) => this.failures.push(`${vector.case}: ${error.message}\n    ${vector.rule}`));
  }

  async #runCase(vector, fresh) {
    if (!fresh) return runSteps(vector, await this.#sharedStore(vector.config ?? {}), this.cluster);
    // One at a time: a cluster has one keyspace for cases that want it empty.
    const run = this.#fresh.then(async () => {
      const store = await this.#open(vector.config ?? {}, "_fresh");
      try {
        if (this.cluster) await store.deletePrefix([]);
        await runSteps(vector, store, this.cluster);
      } finally {
        await store.close();
      }
    });
    this.#fresh = run.catch(() => {});
    return run;
  }

  /** The store that all cases of one configuration share. */
  #sharedStore(config) {
    const name = JSON.stringify(config);
    if (!this.#shared.has(name)) this.#shared.set(name, this.#open(config, ""));
    return this.#shared.get(name);
  }

  #open(config, suffix) {
    const merged = merge(this.config, config);
    if (this.folder) merged.path = path.join(this.folder, `${++this.#opened}${suffix}.db`);
    if (this.cluster) merged.keyspace += suffix;
    return open(merged);
  }
}
