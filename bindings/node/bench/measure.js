// The method of every part: interleaved rounds, CPU and time of stretches of work, answers that are looked at outside
// of the clock.
import { readdirSync, readFileSync } from "node:fs";

/**
 * One store under one workload.
 *
 * @typedef {object} Side
 * @property {(i: number) => unknown} call does the i-th call; what it returns may be a promise
 * @property {(i: number, answer: unknown) => boolean} right whether the answer of the i-th call is as it has to be
 * @property {() => number} [server] seconds of CPU that the server has used; NaN where that is not known
 * @property {() => Promise<void>} [after] puts things in order after each round, outside of the clock
 */

/**
 * One line of the tables: a workload on all sides.
 *
 * @typedef {object} Row
 * @property {string} workload
 * @property {number} callers how many calls are in flight
 * @property {number} calls of one round, by all callers
 * @property {number} [items] operations that one call counts as; default 1
 * @property {Record<string, Side>} sides by the names of the stores
 */

/** What the rounds of one workload on one side took. */
export class Figures {
  stretches = [];

  /** Microseconds of the client's CPU for an operation, of the best round: other work on the machine only adds. */
  get client() {
    return Math.min(...this.stretches.map(({ client }) => client));
  }

  /** The same of the server; undefined where there is none, NaN where it is not known. */
  get server() {
    const known = this.stretches.map(({ server }) => server).filter((used) => used !== undefined);
    return known.length > 0 ? Math.min(...known) : undefined;
  }

  /** Operations per second, of the best round. */
  get perSecond() {
    return 1e6 / Math.min(...this.stretches.map(({ wall }) => wall));
  }

  /** Microseconds in which this share of the calls ended: the median of the rounds. */
  latency(share) {
    return median(this.stretches.map(({ latencies }) => latencies[Math.floor((latencies.length - 1) * share)]));
  }

  get wrong() {
    return this.stretches.reduce((sum, { wrong }) => sum + wrong, 0);
  }

  /** What the first call that failed has failed with. */
  get failure() {
    return this.stretches.find(({ failure }) => failure !== undefined)?.failure;
  }
}

export function median(values) {
  const sorted = values.toSorted((a, b) => a - b);
  const half = sorted.length >> 1;
  return sorted.length % 2 === 1 ? sorted[half] : (sorted[half - 1] + sorted[half]) / 2;
}

/**
 * Runs each row so many rounds; in each round one side after the other, another one first each time.
 *
 * @param {Row[]} rows
 * @param {number} rounds
 * @returns {Promise<{ row: Row, figures: Record<string, Figures> }[]>}
 */
export async function measure(rows, rounds) {
  const table = [];
  for (const row of rows) {
    const names = Object.keys(row.sides);
    const figures = Object.fromEntries(names.map((name) => [name, new Figures()]));
    for (let round = 0; round < rounds; round++) {
      for (let turn = 0; turn < names.length; turn++) {
        const name = names[(round + turn) % names.length];
        const side = row.sides[name];
        figures[name].stretches.push(await stretch(side, row));
        await side.after?.();
      }
    }
    for (const [name, { failure }] of Object.entries(figures)) {
      if (failure !== undefined) console.error(`${name}: ${row.workload}:`, failure);
    }
    console.error(`measured ${row.workload}, ${row.callers} in flight`);
    table.push({ row, figures });
  }
  return table;
}

/** One round of one side. */
async function stretch(side, { calls, callers, items = 1 }) {
  const state = {
    side,
    first: 0,
    next: 0,
    end: 0,
    // The clock is read for about a thousand calls: for the fastest it would cost a tenth of them.
    every: Math.max(1, calls >> 10),
    answers: [],
    latencies: [],
  };
  // The answers of a part are kept, looked at and let go.
  const part = Math.max(8 * callers, Math.floor(500 / items));
  const served = side.server?.();
  let client = 0;
  let wall = 0;
  let wrong = 0;
  let failure;
  while (state.next < calls) {
    state.first = state.next;
    state.end = Math.min(state.first + part, calls);
    const used = process.cpuUsage();
    const begun = performance.now();
    await Promise.all(Array.from({ length: callers }, () => caller(state)));
    wall += performance.now() - begun;
    const { user, system } = process.cpuUsage(used);
    client += user + system;
    for (const [j, answer] of state.answers.entries()) {
      if (answer instanceof Failure) failure ??= answer.cause;
      if (answer instanceof Failure || !side.right(state.first + j, answer)) wrong++;
    }
    state.answers = [];
  }
  const operations = calls * items;
  const server = served === undefined ? undefined : ((side.server() - served) * 1e6) / operations;
  const latencies = state.latencies.sort((a, b) => a - b);
  return { client: client / operations, server, wall: (wall * 1e3) / operations, latencies, wrong, failure };
}

class Failure {
  constructor(cause) {
    this.cause = cause;
  }
}

async function caller(state) {
  const { side, first, every, answers, latencies } = state;
  while (state.next < state.end) {
    const i = state.next++;
    const begun = i % every === 0 ? performance.now() : 0;
    let answer;
    try {
      answer = side.call(i);
      // What is at hand is not waited for: nobody would.
      if (typeof answer?.then === "function") answer = await answer;
    } catch (error) {
      answer = new Failure(error);
    }
    answers[i - first] = answer;
    if (begun !== 0) latencies.push((performance.now() - begun) * 1e3);
  }
}

/**
 * Seconds of CPU that a process and all below it have used, those that have ended included.
 *
 * @param {number} root its id
 */
export function cpuOf(root) {
  const processes = new Map();
  for (const name of readdirSync("/proc")) {
    if (!/^\d+$/.test(name)) continue;
    try {
      // After the name of the program, which may hold anything: state, parent, ..., utime, stime, cutime, cstime.
      const text = readFileSync(`/proc/${name}/stat`, "latin1");
      const fields = text.slice(text.lastIndexOf(")") + 2).split(" ");
      const ticks = fields.slice(11, 15).reduce((sum, field) => sum + Number(field), 0);
      processes.set(Number(name), { parent: Number(fields[1]), ticks });
    } catch {
      // It has ended.
    }
  }
  const below = (id) => id === root || (processes.has(id) && below(processes.get(id).parent));
  let ticks = 0;
  for (const [id, process] of processes) if (below(id)) ticks += process.ticks;
  return ticks / 100; // Linux counts in hundredths, whatever the kernel's own clock is.
}
