import { open } from "lgstore";

const store = await open("memory:");
await store.put(["users"], "theme", { mode: "dark" });
console.log((await store.get(["users"], "theme")).value.mode);
await store.close();
