// Makes emoji.jsonl and mime.jsonl again from the npm packages that README.md names:
//   npm pack emojibase-data@17.0.0 mime-db@1.54.0     (in an empty folder; unpack both there)
//   node make.mjs <folder of emojibase-data> <folder of mime-db>
// Each line is the body of one put request: {"namespace": [...], "key": ..., "value": {...}}.
import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";

const [emojiFolder, mimeFolder] = process.argv.slice(2);
if (!emojiFolder || !mimeFolder) {
  console.error("usage: node make.mjs <folder of emojibase-data> <folder of mime-db>");
  process.exit(2);
}
const read = (...path) => JSON.parse(readFileSync(join(...path), "utf8"));
const write = (name, lines) => {
  writeFileSync(new URL(name, import.meta.url), lines.map((line) => JSON.stringify(line) + "\n").join(""));
  console.log(`${name}: ${lines.length} documents`);
};

const { groups, subgroups } = read(emojiFolder, "meta/groups.json");
write("emoji.jsonl", read(emojiFolder, "en/data.json").map((entry) => {
  const { hexcode, label, emoji, tags = [], version, gender, emoticon, skins } = entry;
  const namespace = ["emoji", groups[entry.group] ?? "other"];
  if (entry.subgroup !== undefined) namespace.push(subgroups[entry.subgroup]);
  return { namespace, key: hexcode, value: { label, emoji, tags, version, gender, emoticon, skins: skins?.length ?? 0 } };
}));

write("mime.jsonl", Object.entries(read(mimeFolder, "db.json")).map(([type, value]) => {
  const [tree, name] = type.split("/");
  return { namespace: ["mime", tree], key: name, value: { type, ...value } };
}));
