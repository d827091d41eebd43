// The items of the benchmark: the same for every store, made before any clock runs.

const words = (
  "agent answer archive balance budget calendar chapter client colour contract customer deadline delivery draft " +
  "evening family flight garden harvest holiday invoice journey kitchen language letter library market meeting " +
  "memory morning mountain museum notebook office order outline paper payment picture preference project question " +
  "recipe reminder report request river school season service session station summary ticket travel weather window"
).split(" ");

export const kinds = ["fact", "event", "preference", "task", "note", "summary", "person", "place", "tool", "rule"];

/** So many namespaces `["users", uid, "memories"]`, each with so many items. */
export class Data {
  /**
   * @param {number} namespaces
   * @param {number} items of each namespace
   */
  constructor(namespaces, items = 100) {
    this.namespaces = namespaces;
    this.items = items;
    this.size = namespaces * items;
    const names = Array.from({ length: namespaces }, (_, n) => ["users", `u${padded(n)}`, "memories"]);
    const keys = Array.from({ length: items }, (_, n) => `memory-${padded(n)}`);
    /** The namespace of item n; `key` and `value` likewise. */
    this.namespace = Array.from({ length: this.size }, (_, n) => names[Math.floor(n / items)]);
    this.key = Array.from({ length: this.size }, (_, n) => keys[n % items]);
    this.value = Array.from({ length: this.size }, (_, n) => documentOf(n, this.namespace[n][1]));
  }

  /** The i-th item in an order that jumps. */
  scattered(i) {
    return scattered(i, this.size);
  }

  /** The items of the i-th batch: of one namespace, or all over the place. */
  chosen(i, size, mixed) {
    const first = scattered(i, this.namespaces) * this.items;
    return Array.from({ length: size }, (_, j) => (mixed ? this.scattered(i * size + j) : first + (j % this.items)));
  }
}

/** 7,919 is a prime that divides no size in use. */
export function scattered(i, size) {
  return (i * 7919) % size;
}

function padded(n) {
  return String(n).padStart(5, "0");
}

/** About 1 KB; `kind` is one of ten, `score` is above 0.9 in one of ten, `n` names the item. */
function documentOf(n, user) {
  const random = randomOf(n);
  const pick = () => words[Math.floor(random() * words.length)];
  return {
    n,
    kind: kinds[n % kinds.length],
    score: Math.round(random() * 1e6) / 1e6,
    user,
    active: n % 3 === 0,
    tags: Array.from({ length: 4 }, pick),
    text: Array.from({ length: 110 }, pick).join(" "),
    source: { thread: `t${n % 97}`, turn: n % 31 },
  };
}

/** Numbers from 0 to 1 that follow from the seed (a linear congruential generator). */
function randomOf(seed) {
  let state = (seed * 2_654_435_761 + 1) >>> 0;
  return () => {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
    return state / 2 ** 32;
  };
}
