// Everything has its exact type: what must not compile is marked.
import {
  type Config,
  type Item,
  LgstoreError,
  type LogEvent,
  type Outcome,
  open,
  RawJson,
  Runtime,
  type Store,
} from "lgstore";

interface Theme {
  mode: "dark" | "light";
  size?: number;
}

const config: Config = { backend: "embedded", ttl: { default_ttl: 60 } };
// @ts-expect-error: no such option
const wrong: Config = { backend: "embedded", durabilty: "full" };
// @ts-expect-error: no such backend
const other: Config = { backend: "elsewhere" };
void [wrong, other];

const runtime = new Runtime({ workers: 1, logLevel: "error" });
const store: Store = await open(config, { runtime, signal: AbortSignal.timeout(60_000) });
await store.put(["users"], "theme", { mode: "dark" } satisfies Theme, {
  ttl: null,
  signal: new AbortController().signal,
});
// @ts-expect-error: no such option
await store.put(["users"], "other", {}, { tll: 5 }).catch((error: unknown) => error instanceof LgstoreError);
// @ts-expect-error: no object
await store.put(["users"], "other", "text").catch(() => {});

const item: Item<Theme> | null = await store.get<Theme>(["users"], "theme");
const raw: Item<RawJson> | null = await store.get(["users"], "theme", { raw: true });
const text: string | undefined = raw?.value.text;
for await (const { value, createdAt } of store.search<Theme>(["users"], { order: "updated_at desc" })) {
  const mode: "dark" | "light" = value.mode;
  const time: number = createdAt.getTime();
  void [mode, time];
}
// @ts-expect-error: no such order
store.search(["users"], { order: "size" });

const [got, count, put] = await store.batch([
  { op: "get", namespace: ["users"], key: "theme" },
  { op: "count", namespacePrefix: [] },
  { op: "put", namespace: ["users"], key: "k", value: new RawJson("{}") },
]);
const found: Item | null | undefined = got.status === "fulfilled" ? got.value : undefined;
const number: number = count.status === "fulfilled" ? count.value : 0;
const nothing: undefined = put.status === "fulfilled" ? put.value : undefined;
const outcome: Outcome<Theme> = await store.compareAndSet<Theme>(
  ["users"],
  "theme",
  { version: item?.version ?? "" },
  {
    mode: "light",
  },
);
// @ts-expect-error: one of both
await store.compareAndSet(["users"], "theme", { version: "", value: {} }, {}).catch(() => {});
const bytes: Buffer = await store.call("get", "{}", { bytes: true }).catch(() => Buffer.from(""));
const listener = (event: LogEvent): string => `${event.level} ${event.message} ${event.ts.toISOString()}`;
void [text, found, number, nothing, outcome.current?.value.mode, bytes, listener];
console.log(item?.value.mode);
await store.close();
runtime.close();
