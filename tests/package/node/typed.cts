// A consumer that is compiled to CommonJS, which loads the package by require.
import { ClosedError, type Item, open } from "lgstore";

import lgstore = require("lgstore");

interface Theme {
  mode: "dark" | "light";
}

async function main(): Promise<void> {
  const store: lgstore.Store = await open("memory:");
  await store.put(["users"], "theme", { mode: "dark" } satisfies Theme);
  const item: Item<Theme> | null = await store.get<Theme>(["users"], "theme");
  // @ts-expect-error: no such option
  await store.get(["users"], "theme", { ttl: 5 }).catch((error: lgstore.LgstoreError) => error.code);
  await store.close();
  const refused = await store.get(["users"], "theme").catch((error: unknown) => error);
  if (refused instanceof lgstore.ClosedError && ClosedError === lgstore.ClosedError) console.log(item?.value.mode);
}

void main();
