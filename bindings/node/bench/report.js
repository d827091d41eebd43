// The tables of the benchmark, ratios first, and what is wanted of them.
import { median } from "./measure.js";

/**
 * A store of ours and what it is compared with: the columns of the ratios.
 *
 * @typedef {[ours: string, theirs: string]} Pair
 */

/**
 * @typedef {object} Wanted at least so many times theirs
 * @property {string} workload
 * @property {number} callers
 * @property {string} ours
 * @property {string} theirs
 * @property {"cpu" | "time"} of operations per second of CPU, or per second
 * @property {number} least
 */

/** Two tables in Markdown: the ratios of the pairs that were measured, and all figures. */
export function markdown(title, table, pairs) {
  const has = (name) => table.some(({ figures }) => name in figures);
  const shown = pairs.filter(([ours, theirs]) => has(ours) && has(theirs));
  const names = [...new Set(table.flatMap(({ figures }) => Object.keys(figures)))];
  const lines = [`## ${title}`, ""];
  if (shown.length > 0) {
    const columns = shown.map(([ours, theirs]) => `${ours} : ${theirs}`);
    lines.push("Operations per second of CPU (median of the rounds' ratios), and operations per second.", "");
    lines.push(...lined(table, columns, (figures) => shown.map((pair) => ratioCell(figures, pair))), "");
  }
  lines.push("Operations per second; CPU in us for each, client + server; p50 / p99 of a call in us.", "");
  lines.push(...lined(table, names, (figures) => names.map((name) => (figures[name] ? cell(figures[name]) : "-"))), "");
  return lines.join("\n");
}

function lined(table, columns, cells) {
  const heads = [`| workload, in flight | ${columns.join(" | ")} |`, `|---${"|---".repeat(columns.length)}|`];
  const rows = table.map(({ row, figures }) => `| ${row.workload}, ${row.callers} | ${cells(figures).join(" | ")} |`);
  return [...heads, ...rows];
}

function ratioCell(figures, [ours, theirs]) {
  if (!(ours in figures && theirs in figures)) return "-";
  const cpu = ratio(figures[ours], figures[theirs], "cpu").toFixed(2);
  const time = ratio(figures[ours], figures[theirs], "time").toFixed(2);
  return `${cpu} x (${middle(figures[ours], figures[theirs]).toFixed(2)}), ${time} x`;
}

function ratio(ours, theirs, of) {
  if (of === "time") return ours.perSecond / theirs.perSecond;
  return best(theirs, known(ours, theirs)) / best(ours, known(ours, theirs));
}

/** Whether the CPU of the servers counts: not where that of one is not known. */
function known(ours, theirs) {
  return !(Number.isNaN(ours.server) || Number.isNaN(theirs.server));
}

function best({ stretches }, servers) {
  return Math.min(...stretches.map((stretch) => used(stretch, servers)));
}

function used({ client, server = 0 }, servers) {
  return servers ? client + server : client;
}

/** The median of the ratios of CPU in each round: what the best rounds owe to luck shows beside it. */
function middle(ours, theirs) {
  const servers = known(ours, theirs);
  return median(theirs.stretches.map((their, i) => used(their, servers) / used(ours.stretches[i], servers)));
}

function cell(figures) {
  const server = figures.server === undefined ? "" : `+${number(figures.server)}`;
  const wrong = figures.wrong > 0 ? `; **${figures.wrong} wrong**` : "";
  const latencies = `${number(figures.latency(0.5))} / ${number(figures.latency(0.99))}`;
  return `${Math.round(figures.perSecond).toLocaleString("en")}; ${number(figures.client)}${server}; ${latencies}${wrong}`;
}

function number(value) {
  if (Number.isNaN(value)) return "?";
  return value < 100 ? value.toFixed(1) : Math.round(value).toLocaleString("en");
}

/**
 * Says which of the wanted ratios hold, and which of our answers were wrong; true when all is well.
 *
 * @param {{ row: object, figures: object }[]} table
 * @param {Wanted[]} wanted
 */
export function holds(table, wanted) {
  let well = true;
  for (const { workload, callers, ours, theirs, of, least } of wanted) {
    const found = table.find(({ row }) => row.workload === workload && row.callers === callers);
    if (!(found && ours in found.figures && theirs in found.figures)) continue;
    const is = ratio(found.figures[ours], found.figures[theirs], of);
    const unit = of === "cpu" ? "operations per second of CPU" : "operations per second";
    const verdict = is >= least ? "holds" : "MISSED";
    console.log(
      `${verdict}: ${workload}, ${callers} in flight: ${is.toFixed(2)} x ${theirs}'s ${unit}, wanted ${least} x (${ours})`,
    );
    well &&= is >= least;
  }
  for (const { row, figures } of table) {
    for (const [name, { wrong }] of Object.entries(figures)) {
      if (!name.startsWith("lgstore") || wrong === 0) continue;
      console.log(`WRONG: ${name}: ${row.workload}, ${row.callers} in flight: ${wrong} answers`);
      well = false;
    }
  }
  return well;
}
