import { Worker } from "node:worker_threads";

new Worker(new URL("imported.mjs", import.meta.url));
