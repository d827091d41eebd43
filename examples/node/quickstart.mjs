// Stores one memory in a file, reads it back, and finds it by a filter: node quickstart.mjs [configuration]
import { open } from "lgstore";

const store = await open(process.argv[2] ?? "file:quickstart.db");
const ada = ["users", "ada", "preferences"];

await store.put(ada, "theme", { mode: "dark", size: 14 });
const theme = await store.get(ada, "theme");
console.log(`${theme.key}: ${theme.value.mode}, since ${theme.createdAt.getFullYear()}`);

// Everything below "users", fetched page by page.
for await (const item of store.search(["users"], { filter: { size: { $gte: 12 } } })) {
  console.log(`found ${item.namespace.join("/")}/${item.key}`);
}

// Changes it, unless somebody else has done so meanwhile; then with what they wrote.
const { applied } = await store.update(ada, "theme", (item) => ({ ...item?.value, size: 16 }));
console.log(`larger: ${applied}`);
await store.close();
