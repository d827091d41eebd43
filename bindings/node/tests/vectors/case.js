// One case of the test vectors: its steps, through the binding's raw mode.
import { setTimeout as sleep } from "node:timers/promises";
import { LgstoreError } from "lgstore";
import { Captures } from "./pattern.js";

function partOf(part, captures) {
  if (typeof part === "string") return Buffer.from(captures.substitute(part));
  if (part.hex !== undefined) return Buffer.from(part.hex, "hex");
  const { repeat, times, between = "", from = 0 } = part;
  const turns = Array.from({ length: times }, (_, turn) => repeat.replaceAll("${i}", () => String(from + turn)));
  return Buffer.from(turns.join(between));
}

function bodyOf(step, captures) {
  if (step.body !== undefined) return captures.substitute(JSON.stringify(step.body));
  if (step.text !== undefined) return captures.substitute(step.text);
  return Buffer.concat((step.parts ?? []).map((part) => partOf(part, captures)));
}

function judge(step, answer, captures) {
  captures.match(step.expect, JSON.parse(answer), "answer");
  for (const part of step.contains ?? []) {
    if (!answer.includes(part)) throw new Error(`not contained: ${part}; the whole: ${answer.slice(0, 1000)}`);
  }
}

function judgeError(step, error, captures) {
  if (!(error instanceof LgstoreError)) throw new Error(`expected an error, got ${error}`);
  const { message, ...rest } = step.error;
  if (message !== undefined && !error.message.includes(message)) {
    throw new Error(`the message does not say ${JSON.stringify(message)}: ${error}`);
  }
  const got = {
    code: error.code,
    field: error.field,
    retryable: error.retryable,
    may_have_applied: error.mayHaveApplied,
    details: error.details,
  };
  for (const [name, wanted] of Object.entries(rest)) captures.match(wanted, got[name], name);
}

async function runStep(step, store, cluster, captures) {
  if (step.check) return captures.check(step.check);
  if (step.between) return captures.between(step.between, step.seconds, step.within);
  if (step.advance !== undefined) {
    // A cluster's clock can't be moved: this time has to pass.
    return cluster ? sleep(step.advance * 1000) : store.advance(step.advance);
  }
  const asked = store.call(step.op, bodyOf(step, captures));
  if (step.error === undefined) return judge(step, await asked, captures);
  return judgeError(step, await asked.catch((error) => error), captures);
}

/** Runs the steps of a case, and throws at the first that fails. */
export async function runSteps(vector, store, cluster) {
  if (vector.steps.length === 0) throw new Error("a case without steps");
  const captures = new Captures(cluster ? 1.5 : 0); // An expiry's second, and what the request took.
  for (const [i, step] of vector.steps.entries()) {
    try {
      await runStep(step, store, cluster, captures);
    } catch (cause) {
      throw new Error(`step ${i}: ${cause.message}`, { cause });
    }
  }
}
