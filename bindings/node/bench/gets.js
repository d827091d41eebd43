// What gets cost in Node beyond what they cost in C, in microseconds of CPU of the whole process: the least of five rounds,
// each with both.   node gets.js GETS_IN_C [--check]
import { execFileSync } from "node:child_process";
import { open } from "lgstore";

const [, , program, check] = process.argv;
const operations = 200_000;
const rounds = 5;
// Immediate answers, and accepted requests, so many of them in flight.
const cases = [
  { immediate: true, depth: 1, limit: 1 },
  { immediate: false, depth: 1 },
  { immediate: false, depth: 16 },
  { immediate: false, depth: 64, limit: 2 },
  { immediate: false, depth: 512 },
];

const namespace = ["users", "ada"];
const keys = Array.from({ length: 1000 }, (_, i) => `k${i}`);
const bodies = keys.map((key) => JSON.stringify({ namespace, key }));

async function cost(depth, get) {
  const began = process.cpuUsage();
  let left = operations;
  const caller = async () => {
    while (left > 0) await get(--left % keys.length);
  };
  await Promise.all(Array.from({ length: depth }, caller));
  const { user, system } = process.cpuUsage(began);
  return (user + system) / operations;
}

const stores = new Map();
for (const immediate of [true, false]) {
  const store = await open({ backend: "embedded", immediate });
  for (const [n, key] of keys.entries()) await store.put(namespace, key, { name: "Ada", n });
  stores.set(immediate, store);
}
const least = cases.map(() => ({ c: Infinity, text: Infinity, item: Infinity }));
for (let round = 0; round < rounds; round++) {
  for (const [i, { immediate, depth }] of cases.entries()) {
    const store = stores.get(immediate);
    const measured = {
      c: Number(execFileSync(program, [immediate ? "1" : "0", String(depth), String(operations)])),
      text: await cost(depth, (k) => store.call("get", bodies[k])),
      item: await cost(depth, (k) => store.get(namespace, keys[k])),
    };
    for (const [name, value] of Object.entries(measured)) least[i][name] = Math.min(least[i][name], value);
  }
}

console.log("| gets | in flight | C | Node, text | beyond C | Node, items |\n|---|---|---|---|---|---|");
let failed = false;
for (const [i, { immediate, depth, limit = Infinity }] of cases.entries()) {
  const { c, text, item } = least[i];
  const figures = [c, text, text - c, item].map((value) => value.toFixed(2)).join(" | ");
  console.log(`| ${immediate ? "immediate" : "accepted"} | ${depth} | ${figures} |`);
  if (text - c > limit) {
    failed = true;
    console.error(`above ${limit} us beyond C`);
  }
}
if (check && failed) process.exitCode = 1;
