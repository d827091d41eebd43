import { createRequire } from "node:module";
import type { Native } from "./native.js";

const require = createRequire(import.meta.url);

/** The packages that hold the addon are named so: `@lgstore/linux-x64-gnu`. */
export function platform(): string {
  const { platform, arch } = process;
  if (platform !== "linux") return `${platform}-${arch}`;
  return `linux-${arch}-${hasGlibc() ? "gnu" : "musl"}`;
}

/** glibc names its version in the process's report, musl does not. */
function hasGlibc(): boolean {
  // Looking up the names of network peers, the report's other part, may take seconds.
  const report = process.report as NodeJS.ProcessReport & { excludeNetwork?: boolean };
  const before = report.excludeNetwork ?? false;
  report.excludeNetwork = true;
  const { header } = report.getReport() as { header?: { glibcVersionRuntime?: string } };
  report.excludeNetwork = before;
  return header?.glibcVersionRuntime !== undefined;
}

/** The file of the addon: LGSTORE_LIBRARY_NODE, or that of the package for this platform. */
export function binaryPath(): string {
  const override = process.env.LGSTORE_LIBRARY_NODE;
  if (override) return override;
  const name = `@lgstore/${platform()}`;
  try {
    return require.resolve(`${name}/lgstore.node`);
  } catch (cause) {
    throw new Error(
      `lgstore: the package ${name} is not installed. It is an optional dependency: npm may have left it out because ` +
        "package-lock.json was written on another platform, or with --omit=optional (remove node_modules and the lock " +
        "file, and install again). LGSTORE_LIBRARY_NODE can name an addon that you have built.",
      { cause },
    );
  }
}

export function loadBinary(path: string): Native {
  return require(path) as Native;
}
