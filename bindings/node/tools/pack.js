// Makes the two packages that users install: node tools/pack.js FOLDER ADDON. FOLDER gets `lgstore`, which is the same
// everywhere, and `@lgstore/<platform>` with the addon, as folders and as tarballs. To be run after the build.
import { execFileSync } from "node:child_process";
import { cpSync, mkdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import path from "node:path";

const [, , target, addon] = process.argv;
const here = new URL("..", import.meta.url).pathname;
const root = process.env.LGSTORE_SOURCE_DIR ?? path.join(here, "../..");
process.env.LGSTORE_LIBRARY_NODE = addon;
const { platform } = await import("../dist/binary.js");

const manifest = JSON.parse(readFileSync(path.join(here, "package.json"), "utf8"));
const { devDependencies, scripts, ...published } = manifest;
const { name, version, license, engines } = manifest;
const binary = `@${name}/${platform()}`;
const [os, cpu, libc] = platform().split("-");

function pack(folder, contents, files) {
  rmSync(folder, { recursive: true, force: true });
  mkdirSync(folder, { recursive: true });
  writeFileSync(path.join(folder, "package.json"), `${JSON.stringify(contents, null, 2)}\n`);
  for (const [from, to] of files) cpSync(from, path.join(folder, to), { recursive: true });
  for (const file of ["LICENSE-APACHE", "LICENSE-MIT"]) cpSync(path.join(root, file), path.join(folder, file));
  execFileSync("npm", ["pack", "--silent", "--pack-destination", target], { cwd: folder, stdio: ["ignore", 2, 2] });
}

pack(path.join(target, name), { ...published, optionalDependencies: { [binary]: version } }, [
  [path.join(here, "dist"), "dist"],
  [path.join(here, "README.md"), "README.md"],
]);
const glibc = libc === "gnu" ? "glibc" : libc;
const description = `The addon of ${name} for ${platform()}`;
const files = ["lgstore.node"];
pack(
  path.join(target, platform()),
  { name: binary, version, description, license, engines, os: [os], cpu: [cpu], ...(libc && { libc: [glibc] }), files },
  [[addon, "lgstore.node"]],
);
