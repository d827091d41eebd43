// What a pattern of a test vector says of an answer (tests/vectors/README.md).

const timeForm = /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{6}Z$/;
const versionForm = /^[0-9a-f]{8}-[0-9a-f]{4}-7[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/;

const placeholders = {
  $time: (text) => timeForm.test(text),
  $version: (text) => versionForm.test(text),
  $cursor: (text) => text !== "",
};

/** Microseconds since 1970; undefined for what is no time. */
function micros(text) {
  return timeForm.test(text) ? Date.parse(text) * 1000 + Number(text.slice(23, 26)) : undefined;
}

const isObject = (value) => typeof value === "object" && value !== null && !Array.isArray(value);
const order = (a, b) => Buffer.compare(Buffer.from(a), Buffer.from(b));

/** Texts that a case has met under a name. */
export class Captures {
  #values = new Map();
  #expiries = new Set();
  #slack;

  /** @param slack seconds by which an expiry may be off */
  constructor(slack) {
    this.#slack = slack;
  }

  /** Puts what was captured where ${name} stands. */
  substitute(text) {
    for (const [name, value] of this.#values) text = text.replaceAll(`\${${name}}`, () => value);
    return text;
  }

  #near(a, b) {
    const apart = micros(a) - micros(b); // NaN for what is no time
    return this.#slack > 0 && Math.abs(apart) <= this.#slack * 1e6;
  }

  #get(name) {
    if (!this.#values.has(name)) throw new Error(`nothing was captured as ${name}`);
    return this.#values.get(name);
  }

  check([a, relation, b]) {
    const [first, second] = [this.#get(a), this.#get(b)];
    let by = order(first, second);
    if ((this.#expiries.has(a) || this.#expiries.has(b)) && this.#near(first, second)) {
      if (relation === "<") return;
      by = 0;
    }
    const holds = { "<": by < 0, "<=": by <= 0, "=": by === 0, "!=": by !== 0 }[relation];
    if (!holds) throw new Error(`${first} ${relation} ${second} is false`);
  }

  between([a, b], seconds, within = 0) {
    const passed = (micros(this.#get(b)) - micros(this.#get(a))) / 1e6;
    if (!(Math.abs(passed - seconds) <= within + this.#slack + 1e-7)) {
      throw new Error(`${passed} s have passed, not ${seconds}`);
    }
  }

  /** Compares an answer with a pattern; `at` is where both stand. */
  match(pattern, got, at) {
    const differs = () => new Error(`at ${at}: expected ${JSON.stringify(pattern)}, got ${JSON.stringify(got)}`);
    if (Array.isArray(pattern)) {
      if (!Array.isArray(got) || got.length !== pattern.length) throw differs();
      pattern.forEach((one, i) => {
        this.match(one, got[i], `${at}[${i}]`);
      });
    } else if (isObject(pattern)) {
      if (!isObject(got)) throw differs();
      this.#matchObject(pattern, got, at);
    } else if (typeof pattern === "string" && pattern.startsWith("$")) {
      if (!this.#matchPlaceholder(pattern, got, at) && pattern !== got) throw differs();
    } else if (pattern !== got) {
      throw differs();
    }
  }

  #matchObject(pattern, got, at) {
    const { $more: more = false, ...wanted } = pattern;
    for (const name of Object.keys(got)) {
      if (!more && !Object.hasOwn(wanted, name)) throw new Error(`at ${at}.${name}: expected nothing`);
    }
    for (const [name, value] of Object.entries(wanted)) {
      if (!Object.hasOwn(got, name)) throw new Error(`at ${at}.${name}: got nothing`);
      this.match(value, got[name], `${at}.${name}`);
    }
  }

  /** Says whether the pattern stands for something; throws where got is not that. */
  #matchPlaceholder(pattern, got, at) {
    if (pattern === "$any") return true;
    const [kind, name] = pattern.split(":");
    if (!Object.hasOwn(placeholders, kind)) return false;
    if (typeof got !== "string" || !placeholders[kind](got)) {
      throw new Error(`at ${at}: expected ${pattern}, got ${JSON.stringify(got)}`);
    }
    if (name === undefined) return true;
    const expiry = at.endsWith(".expires_at");
    const known = this.#values.get(name);
    if (known === undefined) {
      this.#values.set(name, got);
      if (expiry) this.#expiries.add(name);
    } else if (known !== got && !(expiry && this.#near(known, got))) {
      throw new Error(`at ${at}: another than before: ${pattern}, was ${known}, got ${got}`);
    }
    return true;
  }
}
